//! SARIF 2.1.0 for code scanning, within the limits GitHub sets.
//!
//! Instances of one block that have the same violation are one result, because GitHub opens an
//! alert for each. The place is the source as soon as it is known, the input's first line until
//! then; the addresses are always there as logical locations. Evaluations that went wrong are
//! notifications, not results.

mod fix;
mod line_hash;
mod model;
mod places;
mod rule;

use std::collections::BTreeMap;
use std::io::{self, Write};

use abide_core::diagnostic::Level;
use abide_core::finding::{Finding, Outcome};
use serde::{Serialize, Serializer};

use crate::escape::{clip, markdown, markdown_code, sarif_text, uri_path, visible};
use crate::report::{Group, Report};
use crate::{json_text, words};

use model::{
    ArtifactLocation, Descriptor, Driver, Invocation, Location, Log, LogicalLocation, Message,
    Notification, OutcomeProperties, PhysicalLocation, Region, Run, Suppression, Tool,
};
use places::LineHashes;
use rule::Rules;

/// Results of a run that GitHub takes. It shows the first 5,000; ours are the worst first.
const RESULTS: usize = 25_000;
/// Logical locations of a result; more help nobody.
const ADDRESSES: usize = 100;
/// Notifications of evaluations that went wrong.
const ERRORS: usize = 1_000;
/// Characters of a sentence or a name.
const TEXT: usize = 1_000;
/// Levels broken into lines: down to the results.
const BROKEN: usize = 4;

/// Writes the SARIF log.
pub(crate) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut groups: Vec<&Group<'_>> = report.violations.iter().chain(&report.baseline).collect();
    groups.extend(&report.unknown);
    groups.extend(&report.observed);
    if report.options.sarif_include_excepted {
        groups.extend(&report.excepted);
    }
    let left = groups.len().saturating_sub(RESULTS);
    groups.truncate(RESULTS);
    let rules = Rules::of(report, &groups);
    let hashes = LineHashes::of(report.scan);
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "abide",
                    semantic_version: report.scan.tool_version.to_string(),
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: rules.descriptions(report),
                },
            },
            invocations: [invocation(report, left)],
            column_kind: "unicodeCodePoints",
            results: Results {
                report,
                groups: &groups,
                rules: &rules,
                hashes: &hashes,
            },
        }],
    };
    json_text::write(&log, BROKEN, out)
}

/// Results that are made while they are written.
struct Results<'r, 'a> {
    report: &'r Report<'a>,
    groups: &'r [&'r Group<'a>],
    rules: &'r Rules,
    hashes: &'r LineHashes<'a>,
}

impl Serialize for Results<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let results = self.groups.iter();
        serializer.collect_seq(results.map(|group| result(self, group)))
    }
}

fn result(results: &Results<'_, '_>, group: &Group<'_>) -> model::Outcome {
    let (report, rules) = (results.report, results.rules);
    let finding = group.first();
    // The standard allows a level other than `none` only for what has failed.
    let (kind, level) = match finding.outcome {
        _ if finding.is_observed() => ("review", "none"),
        Outcome::Unknown if !report.fails(finding) => ("review", "none"),
        _ => ("fail", rule::level(finding.severity)),
    };
    let fingerprint = words::group_fingerprint(report, group).to_string();
    let mut fingerprints = BTreeMap::from([("abide/v1", fingerprint)]);
    if let Some(hash) = results.hashes.get(finding) {
        fingerprints.insert("primaryLocationLineHash", hash.to_owned());
    }
    let text = |text: &String| sarif_text(&clip(text, TEXT));
    model::Outcome {
        rule_id: report.scan.policy_of(finding).id.clone(),
        rule_index: rules.index(finding.policy),
        kind,
        level,
        rank: rule::rank(finding.severity),
        message: message(report, group),
        locations: [location(report, group)],
        related_locations: places::related(finding),
        code_flows: places::code_flows(finding),
        partial_fingerprints: fingerprints,
        baseline_state: finding.in_baseline.then_some("unchanged"),
        suppressions: suppression(finding).into_iter().collect(),
        fixes: fix::of(report, finding),
        properties: OutcomeProperties {
            outcome: finding.outcome.as_str(),
            severity: finding.severity.as_str(),
            rollout: finding.rollout.as_str(),
            instances: group.len(),
            attribute: finding
                .attribute
                .as_ref()
                .map(|path| text(&path.to_string())),
            found: finding.found.as_ref().map(text),
            expected: finding.expected.as_ref().map(text),
            requested: words::requested(finding).as_ref().map(text),
            no_fix: words::no_fix(finding).map(|why| sarif_text(&clip(why, TEXT))),
        },
    }
}

fn message(report: &Report<'_>, group: &Group<'_>) -> Message {
    let finding = group.first();
    let message = clip(&finding.message, TEXT);
    let (subject, instances) = match group.len() {
        1 => (words::subject(finding), String::new()),
        n => (&*group.block, format!(" ({n} instances)")),
    };
    let subject = clip(subject, TEXT);
    let mut text = format!("{}: {}{instances}", sarif_text(&message), visible(&subject));
    let mut marked = format!(
        "{}: {}{instances}",
        markdown(&message),
        markdown_code(&subject)
    );
    let remediation = words::remediation(report, finding);
    if !remediation.is_empty() {
        let remediation = clip(remediation, TEXT);
        text.push_str(&format!("\nFix: {}", sarif_text(&remediation)));
        marked.push_str(&format!("\n\nFix: {}", markdown(&remediation)));
    }
    Message {
        text,
        markdown: Some(marked),
    }
}

fn location(report: &Report<'_>, group: &Group<'_>) -> Location {
    let finding = group.first();
    let (path, line) = words::source_file(report, finding);
    let region = finding
        .location
        .as_ref()
        .map_or_else(|| Region::line(line), places::region);
    let addresses = group.findings.iter().take(ADDRESSES);
    Location {
        physical_location: physical(&path, region),
        logical_locations: addresses.map(|finding| logical(finding)).collect(),
    }
}

fn physical(path: &str, region: Region) -> PhysicalLocation {
    PhysicalLocation {
        artifact_location: ArtifactLocation {
            uri: uri_path(path),
        },
        region,
    }
}

fn logical(finding: &Finding) -> LogicalLocation {
    LogicalLocation {
        fully_qualified_name: visible(&clip(finding.resource_address.as_str(), TEXT)).into_owned(),
        kind: "resource",
    }
}

fn suppression(finding: &Finding) -> Option<Suppression> {
    let exception = finding.exception.as_ref()?;
    Some(Suppression {
        kind: "external",
        status: "accepted",
        justification: format!(
            "{}, approved by {}, until {}: {}",
            visible(&clip(&exception.id, TEXT)),
            visible(&clip(&exception.approver, TEXT)),
            visible(&clip(&exception.expires, TEXT)),
            sarif_text(&clip(&exception.reason, TEXT)),
        ),
    })
}

fn invocation(report: &Report<'_>, left: usize) -> Invocation {
    let mut notifications = diagnostics(report);
    let errors = report.errors.iter().take(ERRORS);
    notifications.extend(errors.map(|group| Notification {
        descriptor: Descriptor {
            id: "evaluation-error".to_owned(),
        },
        associated_rule: Some(Descriptor {
            id: report.scan.policy_of(group.first()).id.clone(),
        }),
        level: "error",
        message: Message::plain(sarif_text(&clip(&group.first().message, TEXT))),
        locations: vec![location(report, group)],
    }));
    if left > 0 {
        notifications.push(Notification {
            descriptor: Descriptor {
                id: "results-cut".to_owned(),
            },
            associated_rule: None,
            level: "warning",
            message: Message::plain(format!(
                "{} left out: code scanning takes {RESULTS} results. The JSON has all.",
                words::count(left, "result")
            )),
            locations: Vec::new(),
        });
    }
    Invocation {
        execution_successful: report.scan.is_complete(),
        exit_code: report.verdict.exit_code(),
        end_time_utc: report.scan.at,
        tool_execution_notifications: notifications,
    }
}

fn diagnostics(report: &Report<'_>) -> Vec<Notification> {
    let diagnostics = report.scan.diagnostics.iter();
    diagnostics
        .map(|diagnostic| Notification {
            descriptor: Descriptor {
                id: diagnostic.code.to_owned(),
            },
            associated_rule: None,
            level: match diagnostic.level {
                Level::Note => "note",
                Level::Warning => "warning",
                Level::Error => "error",
            },
            message: Message::plain(sarif_text(&clip(&diagnostic.message, TEXT))),
            locations: diagnostic
                .place
                .iter()
                .map(|place| Location {
                    physical_location: physical(
                        &words::relative(&place.file),
                        Region {
                            start_column: Some(place.column.max(1)),
                            ..Region::line(place.line)
                        },
                    ),
                    logical_locations: Vec::new(),
                })
                .collect(),
        })
        .collect()
}
