//! Where a result is: the other places that matter, the calls on the way, the hash of its line.

use std::collections::BTreeMap;

use abide_core::finding::{self, Finding, Related};
use abide_core::scan::Scan;

use crate::escape::{clip, sarif_text};
use crate::words;

use super::model::{CodeFlow, Message, Region, RelatedLocation, ThreadFlow, ThreadFlowLocation};
use super::{TEXT, line_hash, physical};

/// Other places of a result; code scanning shows few.
const RELATED: usize = 10;
/// What hides a secret in a text; its line has another hash than the file GitHub has.
const STARS: &str = "******";

/// Hashes of the lines of all files that findings are in.
pub(super) struct LineHashes<'a>(BTreeMap<&'a str, Vec<String>>);

impl<'a> LineHashes<'a> {
    pub(super) fn of(scan: &'a Scan) -> Self {
        let files = scan
            .sources
            .iter()
            .filter(|(_, text)| !text.contains(STARS));
        Self(
            files
                .map(|(name, text)| (name.as_str(), line_hash::lines(text)))
                .collect(),
        )
    }

    /// The hash of a finding's line; without one the upload works it out.
    pub(super) fn get(&self, finding: &Finding) -> Option<&str> {
        let location = finding.location.as_ref()?;
        let line = location.line.checked_sub(1)?;
        let hashes = self.0.get(location.file.as_str())?;
        Some(hashes.get(line as usize)?)
    }
}

/// A range as SARIF has it.
pub(super) fn region(location: &finding::Location) -> Region {
    Region {
        start_line: location.line.max(1),
        start_column: Some(location.column.max(1)),
        end_line: Some(location.end_line.max(location.line).max(1)),
        end_column: Some(location.end_column.max(1)),
    }
}

pub(super) fn related(finding: &Finding) -> Vec<RelatedLocation> {
    let places = finding.related.iter().chain(&finding.calls);
    places
        .take(RELATED)
        .zip(1..)
        .map(|(related, id)| RelatedLocation {
            id: Some(id),
            ..place(related)
        })
        .collect()
}

fn place(related: &Related) -> RelatedLocation {
    RelatedLocation {
        id: None,
        physical_location: physical(
            &words::relative(&related.location.file),
            region(&related.location),
        ),
        message: Message::plain(sarif_text(&clip(&related.message, TEXT))),
    }
}

/// From the outermost module call to the line; nothing if no call is on the way.
pub(super) fn code_flows(finding: &Finding) -> Vec<CodeFlow> {
    let Some(location) = finding
        .location
        .as_ref()
        .filter(|_| !finding.calls.is_empty())
    else {
        return Vec::new();
    };
    let end = Related {
        message: finding.message.clone(),
        location: location.clone(),
    };
    let steps = finding.calls.iter().chain([&end]);
    let locations = steps.map(|step| ThreadFlowLocation {
        location: place(step),
    });
    vec![CodeFlow {
        thread_flows: [ThreadFlow {
            locations: locations.collect(),
        }],
    }]
}
