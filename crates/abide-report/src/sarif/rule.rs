//! Policies as SARIF rules.

use std::collections::BTreeMap;

use abide_core::scan::ScanPolicy;
use abide_policy::Severity;

use crate::escape::{clip, markdown, sarif_text};
use crate::report::{Group, Report};

use super::model::{Configuration, Message, Rule, RuleProperties};

/// Characters of a description that GitHub takes.
const DESCRIPTION: usize = 1_000;
/// Tags of a rule that GitHub takes.
const TAGS: usize = 20;

/// The policies that have results, and their positions in the list of rules.
pub(super) struct Rules(BTreeMap<u32, usize>);

impl Rules {
    pub(super) fn of(report: &Report<'_>, groups: &[&Group<'_>]) -> Self {
        let groups = groups.iter().copied().chain(&report.errors);
        let mut rules: BTreeMap<u32, usize> =
            groups.map(|group| (group.first().policy, 0)).collect();
        for (at, index) in rules.values_mut().enumerate() {
            *index = at;
        }
        Self(rules)
    }

    pub(super) fn index(&self, policy: u32) -> usize {
        self.0.get(&policy).copied().unwrap_or_default()
    }

    pub(super) fn descriptions(&self, report: &Report<'_>) -> Vec<Rule> {
        let policies = &report.scan.policies;
        let rules = self.0.keys();
        rules
            .map(|policy| rule(&policies[*policy as usize]))
            .collect()
    }
}

fn rule(policy: &ScanPolicy) -> Rule {
    let title = sentence(&policy.title, &policy.id);
    let remediation = sentence(&policy.remediation, &title);
    let mut help = remediation.clone();
    let mut marked = markdown(&remediation);
    let links = policy.references.iter().filter(|link| is_link(link));
    for link in links.clone() {
        help.push_str(&format!("\n{link}"));
        marked.push_str(&format!("\n\n<{link}>"));
    }
    Rule {
        id: policy.id.clone(),
        full_description: Message::plain(sentence(&policy.why, &title)),
        short_description: Message::plain(title),
        help: Message {
            text: help,
            markdown: Some(marked),
        },
        help_uri: links.map(Clone::clone).next(),
        default_configuration: Configuration {
            level: level(policy.severity),
            rank: rank(policy.severity),
        },
        properties: RuleProperties {
            tags: tags(policy),
            precision: "very-high",
            problem_severity: problem_severity(policy.severity),
            security_severity: security_severity(policy.severity),
        },
    }
}

/// A text as one sentence; GitHub refuses an empty one.
fn sentence(text: &str, otherwise: &str) -> String {
    match sarif_text(&clip(text, DESCRIPTION)) {
        text if text.is_empty() => otherwise.to_owned(),
        text => text,
    }
}

/// Whether a reference is a plain web address, which cannot leave its place in the Markdown.
fn is_link(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '`' | '\\');
    text.starts_with("https://") && text.len() < DESCRIPTION && text.chars().all(plain)
}

/// `security`, then `external/cis-aws/6.3` for each control.
fn tags(policy: &ScanPolicy) -> Vec<String> {
    let controls = policy
        .controls
        .iter()
        .map(|control| format!("external/{}/{}", control.framework(), control.number()));
    let mut out = vec!["security".to_owned()];
    for tag in controls {
        if !out.contains(&tag) && out.len() < TAGS {
            out.push(tag);
        }
    }
    out
}

/// The level of a violation.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// From 0 to 100, the most important first.
pub(super) fn rank(severity: Severity) -> f32 {
    match severity {
        Severity::Critical => 95.0,
        Severity::High => 80.0,
        Severity::Medium => 55.0,
        Severity::Low => 20.0,
    }
}

/// In the middle of the range that GitHub shows under the same word.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "recommendation",
    }
}
