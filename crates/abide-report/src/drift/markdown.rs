//! Drift for a pull request or an issue.

use abide_core::drift::{Class, Drift, Drifted};

use super::{DriftReport, Target, words};
use crate::escape::{clip, markdown, markdown_code};

/// Characters of a line.
const LINE: usize = 600;
/// Resources of one target that are listed.
const RESOURCES: usize = 50;
/// Changes of one resource.
const CHANGES: usize = 8;

pub(super) fn text(report: &DriftReport) -> String {
    let mut out = String::from("## Drift\n\n");
    for target in &report.targets {
        self::target(report, target, &mut out);
    }
    out
}

fn target(report: &DriftReport, target: &Target, out: &mut String) {
    out.push_str(&format!("### {}\n\n", markdown(&target.name)));
    if let Some(owner) = &target.owner {
        out.push_str(&format!("Owner: {}\n\n", markdown(owner)));
    }
    let drift = match &target.outcome {
        Ok(drift) => drift,
        Err(error) => {
            let error = error.lines().next().unwrap_or_default();
            out.push_str(&format!(
                "**Could not be looked at:** {}\n\n",
                markdown(&clip(error, LINE))
            ));
            return;
        }
    };
    out.push_str(&format!("{}\n\n", markdown(&words::summary(drift))));
    if let Some(text) = words::suspicion(drift) {
        out.push_str(&format!("> **Suspicious.** {}\n\n", markdown(&text)));
    }
    for class in Class::ALL {
        self::class(report, drift, class, out);
    }
}

fn class(report: &DriftReport, drift: &Drift, class: Class, out: &mut String) {
    let resources: Vec<&Drifted> = drift
        .resources
        .iter()
        .filter(|r| r.class == class)
        .collect();
    if resources.is_empty() {
        return;
    }
    out.push_str(&format!(
        "#### {} ({})\n\n",
        words::name(class),
        resources.len()
    ));
    for item in resources.iter().take(RESOURCES) {
        out.push_str(&format!(
            "- {} {}\n",
            markdown_code(item.address.as_str()),
            markdown(&words::happened(item))
        ));
        for change in item.changes.iter().take(CHANGES) {
            let line = words::change(item, change);
            out.push_str(&format!("  - {}\n", markdown_code(&clip(&line, LINE))));
        }
        for line in words::verdicts(report, item) {
            out.push_str(&format!("  - {}\n", markdown(&clip(&line, LINE))));
        }
        for line in words::who(item) {
            out.push_str(&format!("  - Who: {}\n", markdown(&clip(&line, LINE))));
        }
        if let Some(place) = &item.location {
            let line = format!("{}:{}", place.file, place.line);
            out.push_str(&format!("  - Written in {}\n", markdown_code(&line)));
        }
        if let Some(text) = words::since(report, item) {
            out.push_str(&format!("  - Since {text}\n"));
        }
        let next = match &item.accepted {
            Some(exception) => format!("Accepted: {}", words::accepted(exception)),
            None => format!("Next: {}", words::advice(item)),
        };
        out.push_str(&format!("  - {}\n", markdown(&next)));
    }
    if resources.len() > RESOURCES {
        let more = crate::words::count(resources.len() - RESOURCES, "more resource");
        out.push_str(&format!("- {more}\n"));
    }
    out.push('\n');
}
