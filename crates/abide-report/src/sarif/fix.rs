//! The proven edits of a result.

use abide_core::finding::Finding;
use abide_core::remedy::{Edit, Remedy};

use crate::escape::{clip, sarif_text};
use crate::report::Report;
use crate::words;

use super::model::{ArtifactChange, ArtifactLocation, Content, Fix, Message, Replacement};
use super::{TEXT, places, uri_path};

pub(super) fn of(report: &Report<'_>, finding: &Finding) -> Vec<Fix> {
    let Some(fix) = finding.remedy.as_ref().and_then(Remedy::fix) else {
        return Vec::new();
    };
    // What cannot be seen is not to be put into somebody's file.
    if fix.edits.iter().any(|edit| words::hides(&edit.replacement)) {
        return Vec::new();
    }
    let mut changes: Vec<ArtifactChange> = Vec::new();
    let mut file = None;
    for edit in &fix.edits {
        if file.replace(&edit.location.file) != Some(&edit.location.file) {
            changes.push(ArtifactChange {
                artifact_location: ArtifactLocation {
                    uri: uri_path(&words::relative(&edit.location.file)),
                },
                replacements: Vec::new(),
            });
        }
        if let Some(change) = changes.last_mut() {
            change.replacements.push(replacement(edit));
        }
    }
    let description = words::remediation(report, finding);
    vec![Fix {
        description: Message::plain(sarif_text(&clip(description, TEXT))),
        artifact_changes: changes,
    }]
}

fn replacement(edit: &Edit) -> Replacement {
    Replacement {
        deleted_region: places::region(&edit.location),
        inserted_content: Content {
            text: edit.replacement.clone(),
        },
    }
}
