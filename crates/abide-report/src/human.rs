//! Text for a terminal, in the manner of rustc and cargo: what is wrong, where, what to write
//! instead; at the end one line of totals and one with the verdict.
//!
//! It stays readable with ten thousand violations: instances of a block are one entry, after
//! [`FULL`] entries of a policy the others are one line each, after [`BRIEF`] lines a number.
//! The line of a workflow command can never arise from a name, see [`screen::Screen`].

mod entry;
mod frame;
pub(crate) mod screen;

use std::io::{self, Write};

use abide_core::diagnostic::Level;
use abide_core::gate::Verdict;

use crate::escape::{clip, prose, visible};
use crate::report::{Group, Report};
use crate::words;

use entry::{Entry, Kind};
use screen::{Screen, Tone};

/// Entries of one policy that are shown in full.
const FULL: usize = 3;
/// Further places of one policy that are shown in a line.
const BRIEF: usize = 20;
/// Resource types named among those without a policy.
const TYPES: usize = 8;
/// Characters of a diagnostic.
const DIAGNOSTIC: usize = 2_000;

/// Writes a report for a terminal.
pub(crate) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut screen = Screen::new(out, report.options.color, report.options.width);
    groups(&mut screen, report, &report.violations, Kind::Violation)?;
    groups(&mut screen, report, &report.errors, Kind::Error)?;
    groups(&mut screen, report, &report.unknown, Kind::Unknown)?;
    groups(&mut screen, report, &report.excepted, Kind::Excepted)?;
    baseline(&mut screen, report)?;
    observed(&mut screen, report)?;
    diagnostics(&mut screen, report)?;
    not_evaluated(&mut screen, report)?;
    if let Some(group) = report.violations.first() {
        let id = visible(&report.scan.policy_of(group.first()).id);
        let text = format!("`abide explain {id}` says why it matters and how to comply");
        screen.wrapped(Tone::Plain, "", "  ", &text)?;
        screen.blank()?;
    }
    let totals = words::totals(&report.scan.summary);
    screen.wrapped(Tone::Plain, "", "  ", &totals)?;
    let tone = match report.verdict {
        Verdict::Passed => Tone::Good,
        Verdict::Failed | Verdict::Incomplete => Tone::Error,
        Verdict::NothingEvaluated => Tone::Warning,
    };
    screen.headline(tone, &words::verdict(report), "")
}

/// Writes the groups of one kind, the groups of one policy together.
fn groups(
    screen: &mut Screen<'_>,
    report: &Report<'_>,
    groups: &[Group<'_>],
    kind: Kind,
) -> io::Result<()> {
    let same = |a: &Group<'_>, b: &Group<'_>| {
        let (a, b) = (a.first(), b.first());
        a.policy == b.policy && a.severity == b.severity
    };
    for run in groups.chunk_by(same) {
        // One line more costs less than to say that one more is left.
        let full = match run.len() {
            n if n <= FULL + 1 => n,
            _ => FULL,
        };
        let (shown, folded) = run.split_at(full);
        for group in shown {
            Entry::new(report, group, kind).write(screen)?;
            screen.blank()?;
        }
        if !folded.is_empty() {
            fold(screen, report, folded, kind)?;
            screen.blank()?;
        }
    }
    Ok(())
}

/// Writes further groups of a policy, a line each.
fn fold(
    screen: &mut Screen<'_>,
    report: &Report<'_>,
    folded: &[Group<'_>],
    kind: Kind,
) -> io::Result<()> {
    let entry = Entry::new(report, &folded[0], kind);
    let instances: usize = folded.iter().map(Group::len).sum();
    let places = words::count(folded.len(), "more place");
    let text = match instances == folded.len() {
        true => places,
        false => format!("{places}, {}", words::count(instances, "instance")),
    };
    screen.headline(entry.tone(), &entry.label(), &text)?;
    for group in folded.iter().take(BRIEF) {
        Entry::new(report, group, kind).write_brief(screen)?;
    }
    if folded.len() > BRIEF {
        let left = words::count(folded.len() - BRIEF, "more place");
        screen.note(&left, "`--format json` and `--format csv` list them all")?;
    }
    Ok(())
}

/// Writes what the baseline holds: known, counted, not repeated.
fn baseline(screen: &mut Screen<'_>, report: &Report<'_>) -> io::Result<()> {
    let text = |number| format!("{} known before", words::count(number, "violation"));
    counted(screen, report, &report.baseline, "in the baseline", text)
}

/// Writes what policies found that only observe.
fn observed(screen: &mut Screen<'_>, report: &Report<'_>) -> io::Result<()> {
    let text = |number| {
        let findings = words::count(number, "finding");
        format!("{findings} of policies that do not count yet")
    };
    counted(screen, report, &report.observed, "observed", text)
}

/// Writes how many findings there are, and of which policies.
fn counted(
    screen: &mut Screen<'_>,
    report: &Report<'_>,
    groups: &[Group<'_>],
    label: &str,
    text: impl Fn(usize) -> String,
) -> io::Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    let mut policies: Vec<(u32, usize)> = Vec::new();
    for group in groups {
        let policy = group.first().policy;
        match policies.last_mut() {
            Some((last, number)) if *last == policy => *number += group.len(),
            _ => policies.push((policy, group.len())),
        }
    }
    let number: usize = policies.iter().map(|(_, number)| number).sum();
    screen.headline(Tone::Note, label, &text(number))?;
    let names: Vec<String> = policies
        .iter()
        .map(|(policy, number)| {
            let id = visible(&report.scan.policies[*policy as usize].id).into_owned();
            format!("{id} ({number})")
        })
        .collect();
    screen.note("policies", &names.join(", "))?;
    screen.blank()
}

/// Writes remarks on inputs, exceptions and the baseline.
fn diagnostics(screen: &mut Screen<'_>, report: &Report<'_>) -> io::Result<()> {
    for diagnostic in &report.scan.diagnostics {
        let tone = match diagnostic.level {
            Level::Error => Tone::Error,
            Level::Warning => Tone::Warning,
            Level::Note => Tone::Note,
        };
        let label = format!("{}[{}]", diagnostic.level.as_str(), diagnostic.code);
        screen.headline(tone, &label, &prose(&clip(&diagnostic.message, DIAGNOSTIC)))?;
        if let Some(place) = &diagnostic.place {
            screen.place(&visible(&clip(&place.to_string(), DIAGNOSTIC)))?;
        }
        screen.blank()?;
    }
    Ok(())
}

/// Writes what was not judged, so that no silence is taken for a pass.
fn not_evaluated(screen: &mut Screen<'_>, report: &Report<'_>) -> io::Result<()> {
    let summary = &report.scan.summary;
    let mut lines = Vec::new();
    if summary.unknown > 0 {
        let name = format!("{} unknown", summary.unknown);
        lines.push((name, "the input does not say yet".to_owned()));
    }
    if summary.error > 0 {
        let name = words::count(summary.error, "error");
        lines.push((name, "these evaluations went wrong".to_owned()));
    }
    if let Some(headline) = words::unchecked_headline(report) {
        let (types, left) = words::unchecked(report, TYPES);
        let mut names: Vec<String> = types
            .iter()
            .map(|(name, number)| format!("{} ({number})", visible(&clip(name, 100))))
            .collect();
        if left > 0 {
            names.push(words::count(left, "more type"));
        }
        lines.push((headline, names.join(", ")));
    }
    if lines.is_empty() {
        return Ok(());
    }
    screen.headline(Tone::Note, "not evaluated", "")?;
    for (name, text) in lines {
        screen.note(&name, &text)?;
    }
    screen.blank()
}
