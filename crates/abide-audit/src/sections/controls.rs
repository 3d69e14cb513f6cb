//! The first page: each control with its verdict and its first violations.

use crate::document::{Block, Inline, NoticeKind, Section};
use crate::model::{AuditReport, ControlResult, Moment};
use crate::verdict::Reason;

use super::{exact, notice, shown, strong, words};

/// Violations shown of each control; all are in the page on deviations.
const SHOWN: usize = 5;

pub(super) fn sections(report: &AuditReport) -> Vec<Section> {
    if report.controls.is_empty() {
        let text = "No policy of this framework was in force in a whole scan of the period: no control was tested.";
        let mut section = Section::new("no-controls", "Nothing was tested");
        section.blocks = vec![notice(NoticeKind::Warning, text)];
        return vec![section];
    }
    let controls = report.controls.iter();
    controls.map(|control| one(report, control)).collect()
}

fn one(report: &AuditReport, control: &ControlResult) -> Section {
    let mut blocks = vec![
        Block::Paragraph(checked(control)),
        Block::Paragraph(control.claim_sentence.clone().into()),
    ];
    for reason in &control.reasons {
        if !matches!(reason, Reason::Violations { .. }) {
            let kind = if reason.is_hole() {
                NoticeKind::Warning
            } else {
                NoticeKind::Note
            };
            blocks.push(notice(kind, said(reason)));
        }
    }
    let violations = control.deviations.iter();
    let violations = violations.filter_map(|at| report.deviations.get(*at));
    let count = control.deviations.len();
    if count > 0 {
        let head = vec![strong("Violations"), words(format!(" ({count}):"))];
        blocks.push(Block::Paragraph(head.into()));
        let items = violations.take(SHOWN).map(|one| {
            let end = one.closed_as.map_or_else(
                || "still open".to_owned(),
                |end| format!("{} {}", end.as_str(), day(one.closed_at)),
            );
            Inline(vec![
                exact(one.resource.clone()),
                words(format!(": {} (", one.message)),
                exact(one.policy.clone()),
                words(format!(
                    ", {}, first seen {}, {end})",
                    one.severity.as_str(),
                    one.first_seen.day()
                )),
            ])
        });
        blocks.push(Block::List {
            ordered: false,
            items: items.collect(),
        });
        if count > SHOWN {
            let more = vec![
                words(format!("{} more are in ", count - SHOWN)),
                crate::document::Span::Link {
                    text: "Deviations".to_owned(),
                    section: super::deviations::ID.to_owned(),
                },
                words("."),
            ];
            blocks.push(Block::Paragraph(more.into()));
        }
    }
    Section {
        verdict: Some(shown(control.verdict)),
        blocks,
        ..Section::new(id(control), control.label.clone())
    }
}

/// The id of a control's section.
pub(super) fn id(control: &ControlResult) -> String {
    let letters = control.id.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    format!("control-{}", letters.collect::<String>())
}

fn day(at: Option<Moment>) -> String {
    at.map_or_else(String::new, Moment::day)
}

fn checked(control: &ControlResult) -> Inline {
    let counts = &control.evaluations;
    let mut text = format!(
        "Checked {} times during period, in {} scans of {} resources: {} passed",
        counts.evaluated(),
        control.scans,
        control.resources,
        counts.pass,
    );
    for (count, word) in [
        (counts.fail, "failed"),
        (counts.excepted, "under an exception"),
        (counts.undecided(), "unknown or in error"),
    ] {
        if count > 0 {
            text.push_str(&format!(", {count} {word}"));
        }
    }
    text.push('.');
    text.into()
}

/// What stands in the way of a pass, as a sentence.
pub(crate) fn said(reason: &Reason) -> String {
    match reason {
        Reason::Violations { count } => format!("{count} violations stood in the period."),
        Reason::Excepted { evaluations } => {
            format!("Exceptions covered violations, in {evaluations} evaluations.")
        }
        Reason::Unknown { evaluations } => format!(
            "{evaluations} evaluations in scans of the period could not tell; an unknown is no pass."
        ),
        Reason::Error { evaluations } => {
            format!("{evaluations} evaluations failed; an error is no pass.")
        }
        Reason::Gap { target, from, to } => format!(
            "{target} had no whole scan between {} and {}, longer than a result stands.",
            Moment(*from),
            Moment(*to)
        ),
        Reason::Missed { target, slots } => {
            format!("{slots} scans of {target} were due and did not come, or not whole.")
        }
        Reason::Partial { target, scans } => {
            format!("{scans} partial scans of {target} were not followed by a whole one in time.")
        }
        Reason::NotInForce { with, of } => {
            format!("A policy of it was in force in {with} of {of} whole scans.")
        }
        Reason::Pruned { before } => format!(
            "History up to {} was moved out of the store: what lies before is not counted here.",
            Moment(*before)
        ),
        Reason::NoPolicy => "No policy of it was in force.".to_owned(),
        Reason::NoScan => "There was no whole scan in the period.".to_owned(),
        Reason::NothingEvaluated => {
            "No policy of it concerned any resource: nothing was evaluated.".to_owned()
        }
        Reason::ShowsNothing => {
            "Infrastructure code shows nothing about it, whatever its policies say.".to_owned()
        }
    }
}
