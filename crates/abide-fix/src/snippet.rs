//! Takes the snippet of a finding apart into steps that are edited one by one.

use abide_core::attribute::AttributePath;
use abide_core::engine::ROOT;
use abide_core::finding::Snippet;
use abide_hcl::Loaded;
use hcl_edit::Span as _;
use hcl_edit::structure::{Body, Structure};

/// One thing to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Give an attribute a value. The path ends with its name.
    Set {
        /// The resource, if it is another one than the finding's.
        address: Option<String>,
        path: AttributePath,
        value: String,
    },
    /// Put this beside the resource.
    Beside { hcl: String },
}

/// The steps of a snippet; `None` if it is not HCL.
pub(crate) fn steps(snippet: &Snippet, loaded: &Loaded, address: &str) -> Option<Vec<Step>> {
    let body: Body = snippet.hcl.parse().ok()?;
    if !snippet.inside {
        if address == ROOT {
            let steps = settings(&body, &snippet.hcl, loaded)?;
            if !steps.is_empty() {
                return Some(steps);
            }
        }
        return Some(vec![Step::Beside {
            hcl: snippet.hcl.clone(),
        }]);
    }
    let mut steps = Vec::new();
    collect(&body, &snippet.hcl, &AttributePath::default(), &mut steps)?;
    Some(steps)
}

/// An account has a setting once in each region: where it is written already, it is changed there.
fn settings(body: &Body, text: &str, loaded: &Loaded) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for block in body.blocks() {
        let kind = block.labels.first()?.as_str();
        let mut inner = Vec::new();
        collect(&block.body, text, &AttributePath::default(), &mut inner)?;
        let resources = &loaded.inventory.resources;
        for resource in resources.iter().filter(|r| &*r.type_name == kind) {
            for step in &inner {
                let mut step = step.clone();
                if let Step::Set { address, .. } = &mut step {
                    *address = Some(resource.address.as_str().to_owned());
                }
                steps.push(step);
            }
        }
    }
    Some(steps)
}

fn collect(body: &Body, text: &str, path: &AttributePath, steps: &mut Vec<Step>) -> Option<()> {
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => {
                let value = text.get(attribute.value.span()?)?.trim().to_owned();
                steps.push(Step::Set {
                    address: None,
                    path: path.name(attribute.key.as_str()),
                    value,
                });
            }
            Structure::Block(block) => {
                collect(&block.body, text, &path.name(block.ident.as_str()), steps)?;
            }
        }
    }
    Some(())
}
