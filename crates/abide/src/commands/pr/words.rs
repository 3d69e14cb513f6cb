//! What stands around the results in a comment.

use abide_core::gate::Verdict;
use abide_forge::environment::Environment;
use abide_report::escape::{markdown, markdown_code};
use abide_report::{Resolved, Results};

/// Findings that are gone and are named.
const FIXED: usize = 10;

/// Whether there is nothing that this pull request has to see to.
pub(super) fn is_quiet(results: &Results) -> bool {
    let new = results.scan().findings.iter().any(|f| f.is_new_violation());
    results.verdict() == Verdict::Passed && !new
}

/// The lines below the numbers: what is new, what is gone.
pub(super) fn lead(results: &Results, fixed: Option<&[Resolved]>, quiet: bool) -> String {
    let mut out = String::new();
    if quiet {
        out.push_str("**All resolved.** Nothing is left for this pull request to see to.\n\n");
    }
    let Some(fixed) = fixed else {
        return out;
    };
    let findings = &results.scan().findings;
    let new = findings.iter().filter(|f| f.is_new_violation()).count();
    let known = results.scan().summary.in_baseline;
    out.push_str(&format!(
        "Compared with the target branch: **{new} new**, {known} known before, {} gone.\n\n",
        fixed.len()
    ));
    if fixed.is_empty() {
        return out;
    }
    out.push_str(&format!(
        "<details><summary>Gone ({})</summary>\n\n",
        fixed.len()
    ));
    for one in fixed.iter().take(FIXED) {
        let policy = markdown(&shortened(&one.policy));
        out.push_str(&format!(
            "- **{policy}** {}\n",
            markdown_code(&shortened(&one.resource))
        ));
    }
    if fixed.len() > FIXED {
        out.push_str(&format!("- and {} more\n", fixed.len() - FIXED));
    }
    out.push_str("\n</details>\n\n");
    out
}

/// The last line: which commit, and where the run is.
pub(super) fn foot(environment: &Environment) -> String {
    let mut parts = Vec::new();
    if let Some(head) = &environment.head {
        let short: String = head.chars().take(12).collect();
        parts.push(format!("commit {}", markdown(&short)));
    }
    if let Some(url) = &environment.run_url {
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '(' | ')' | '<' | '>' | '"');
        let url: String = url.chars().filter(|c| plain(*c)).collect();
        parts.push(format!("<a href=\"{url}\">all results</a>"));
    }
    match parts.is_empty() {
        true => String::new(),
        false => format!("\n<sub>{}</sub>\n", parts.join(", ")),
    }
}

/// The title of a check run.
pub(super) fn title(results: &Results) -> String {
    let findings = &results.scan().findings;
    let new = findings.iter().filter(|f| f.is_new_violation()).count();
    let known = results.scan().summary.in_baseline;
    let mut out = match new {
        0 => "No violations".to_owned(),
        1 => "1 violation".to_owned(),
        new => format!("{new} violations"),
    };
    if known > 0 {
        out.push_str(&format!(", {known} known before"));
    }
    match results.verdict() {
        Verdict::Incomplete => out.push_str(", and a part could not be judged"),
        Verdict::NothingEvaluated => out = "Nothing was evaluated".to_owned(),
        Verdict::Passed | Verdict::Failed => {}
    }
    out
}

fn shortened(text: &str) -> String {
    match text.chars().count() {
        0..=200 => text.to_owned(),
        _ => text.chars().take(200).chain(['…']).collect(),
    }
}
