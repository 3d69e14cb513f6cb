//! From addresses to the lines people edit.
//!
//! What knows the source is a [`Locator`]: a loaded directory for its own
//! resources, or for those of a plan that was made from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::attribute::AttributePath;
use crate::finding::{Finding, Location, Related};
use crate::request::Requests;
use crate::scan::Scan;

/// Knows where resources are written.
pub trait Locator {
    /// Where an attribute is written; the block's header if it is not, or if none is asked for.
    /// `None` if the resource is not in the source.
    fn site(&self, address: &str, attribute: Option<&AttributePath>) -> Option<Site>;

    /// The text of a file that a location names.
    fn text(&self, file: &str) -> Option<Arc<str>>;

    /// The exceptions people ask for in the source.
    fn requests(&self) -> Requests;
}

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The line to edit.
    pub primary: Location,
    /// Other places that matter, the nearest first.
    pub related: Vec<Related>,
    /// The module calls on the way to the resource, outermost first.
    pub calls: Vec<Related>,
}

/// Says of every finding where it is written, as far as the locator of its input
/// knows; there is one for each input, in their order.
pub fn locate(scan: &mut Scan, locators: &[Option<&dyn Locator>]) {
    let mut sources = BTreeMap::new();
    for finding in &mut scan.findings {
        let Some(Some(locator)) = locators.get(finding.input as usize) else {
            continue;
        };
        let address = finding.resource_address.as_str();
        let Some(site) = locator.site(address, finding.attribute.as_ref()) else {
            continue;
        };
        finding.related = site.related;
        finding.related.extend(others(finding, *locator));
        finding.calls = site.calls;
        finding.location = Some(site.primary);
        for location in finding.locations() {
            if !sources.contains_key(&location.file)
                && let Some(text) = locator.text(&location.file)
            {
                sources.insert(location.file.clone(), text);
            }
        }
    }
    scan.sources.append(&mut sources);
}

/// The blocks of other resources that the facts name.
fn others(finding: &Finding, locator: &dyn Locator) -> Vec<Related> {
    let mut related: Vec<Related> = Vec::new();
    for address in finding.facts.iter().filter_map(|fact| fact.get("resource")) {
        if address == finding.resource_address.as_str() {
            continue;
        }
        let Some(site) = locator.site(address, None) else {
            continue;
        };
        if related.iter().all(|known| known.location != site.primary) {
            related.push(Related {
                message: format!("{address} is here"),
                location: site.primary,
            });
        }
    }
    related
}
