//! What a person reads before approving: the drift, and what is done about it.

use abide_core::drift::{Drift, Drifted};
use abide_core::scan::ScanPolicy;
use abide_report::{DriftFormat, DriftReport, DriftTarget, render_drift};
use jiff::Timestamp;

use super::case::Case;

/// The drift of these resources in Markdown.
pub(super) fn drift(case: &Case, chosen: &[&Drifted], looked_at: usize) -> anyhow::Result<String> {
    let at = Timestamp::now();
    let drift = Drift {
        resources: chosen.iter().map(|drifted| (*drifted).clone()).collect(),
        looked_at,
        ..Drift::default()
    };
    let policies = case.chosen.set.policies.iter();
    let report = DriftReport {
        at,
        tool_version: env!("CARGO_PKG_VERSION"),
        policies: policies.map(|policy| ScanPolicy::of(policy, at)).collect(),
        targets: vec![DriftTarget {
            scan: None,
            name: case.target.name.clone(),
            owner: case.target.table.owner.clone(),
            outcome: Ok(drift),
            steps: Vec::new(),
            tool: Some(case.tool()),
        }],
        timings: false,
    };
    let mut bytes = Vec::new();
    render_drift(DriftFormat::Markdown, &report, false, None, &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A word between backticks, whatever is in it.
pub(super) fn code(text: &str) -> String {
    let text = crate::terminal::visible(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    match longest {
        0 => format!("{fence}{text}{fence}"),
        _ => format!("{fence} {text} {fence}"),
    }
}

/// `aws_x.y`, or `aws_x.y and 2 more`
pub(super) fn named(addresses: &[String]) -> String {
    match addresses {
        [] => String::new(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}
