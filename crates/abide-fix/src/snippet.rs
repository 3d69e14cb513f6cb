//! Takes the snippet of a finding apart into steps that are edited one by one.

use abide_core::attribute::AttributePath;
use abide_core::finding::Snippet;
use hcl_edit::Span as _;
use hcl_edit::structure::{Body, Structure};

/// One thing to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Give an attribute a value. The path ends with its name.
    Set { path: AttributePath, value: String },
    /// Put this beside the resource.
    Beside { hcl: String },
}

/// The steps of a snippet; `None` if it is not HCL.
pub(crate) fn steps(snippet: &Snippet) -> Option<Vec<Step>> {
    let body: Body = snippet.hcl.parse().ok()?;
    if !snippet.inside {
        return Some(vec![Step::Beside {
            hcl: snippet.hcl.clone(),
        }]);
    }
    let mut steps = Vec::new();
    collect(
        &body,
        &snippet.hcl,
        &AttributePath::default(),
        &mut steps,
    )?;
    Some(steps)
}

fn collect(body: &Body, text: &str, path: &AttributePath, steps: &mut Vec<Step>) -> Option<()> {
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => {
                let value = text.get(attribute.value.span()?)?.trim().to_owned();
                steps.push(Step::Set {
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
