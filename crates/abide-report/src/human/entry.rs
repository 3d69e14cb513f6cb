//! One entry of the human format.

use std::io;

use abide_core::finding::{Finding, Outcome};
use abide_core::remedy::Remedy;

use crate::escape::{clip, lines, prose, visible};
use crate::report::{Group, Report};
use crate::words;

use super::frame;
use super::screen::{Screen, Tone};

/// Instances that are named.
const INSTANCES: usize = 3;
/// Facts, or things waited for, that are named.
const FACTS: usize = 5;
/// Characters of a name or a value.
const NAME: usize = 300;
/// Characters of a sentence.
const SENTENCE: usize = 1_000;
/// Characters of a snippet.
const SNIPPET: usize = 4_000;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A standing violation.
    Violation,
    /// A violation with an exception.
    Excepted,
    /// Not to be decided yet.
    Unknown,
    /// Gone wrong.
    Error,
}

/// A group of findings on its way to the screen.
pub(crate) struct Entry<'r, 'a> {
    report: &'r Report<'a>,
    group: &'r Group<'a>,
    finding: &'a Finding,
    kind: Kind,
}

impl<'r, 'a> Entry<'r, 'a> {
    pub(crate) fn new(report: &'r Report<'a>, group: &'r Group<'a>, kind: Kind) -> Self {
        let finding = group.first();
        Self {
            report,
            group,
            finding,
            kind,
        }
    }

    /// The colour of its headline.
    pub(crate) fn tone(&self) -> Tone {
        match self.kind {
            Kind::Error => Tone::Error,
            _ if self.report.fails(self.finding) => Tone::Error,
            Kind::Violation => Tone::Warning,
            Kind::Excepted | Kind::Unknown => Tone::Note,
        }
    }

    /// `critical error[POL-0002]`: `error` if it fails the run, `warning` if not.
    pub(crate) fn label(&self) -> String {
        let word = match self.kind {
            Kind::Violation if self.report.fails(self.finding) => "error",
            Kind::Violation => "warning",
            Kind::Excepted => "excepted",
            Kind::Unknown => "unknown",
            Kind::Error => "not evaluated",
        };
        let id = &self.report.scan.policy_of(self.finding).id;
        format!("{} {word}[{}]", self.finding.severity, visible(id))
    }

    /// The whole entry.
    pub(crate) fn write(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let message = prose(&clip(&self.finding.message, SENTENCE)).into_owned();
        screen.headline(self.tone(), &self.label(), &message)?;
        match frame::draw(self.report, self.finding, self.tone(), self.difference()) {
            Some(code) => {
                screen.drawn(&code)?;
                self.subject(screen)?;
            }
            None => {
                self.place(screen)?;
                self.values(screen)?;
            }
        }
        self.instances(screen)?;
        self.facts(screen)?;
        if let Some(request) = words::requested(self.finding) {
            screen.note("request", &prose(&request))?;
        }
        match self.kind {
            Kind::Violation => self.advice(screen),
            Kind::Unknown => self.waits(screen),
            Kind::Excepted => self.exception(screen),
            Kind::Error => Ok(()),
        }
    }

    /// One line: where, and how it differs from the entries before it.
    pub(crate) fn write_brief(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let message = prose(&clip(&self.finding.message, SENTENCE / 5)).into_owned();
        screen.place(&format!("{}: {message}", self.whereabouts()))
    }

    fn place(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        screen.place(&self.whereabouts())?;
        if self.finding.location.is_some() {
            screen.note("resource", &self.resource())?;
        }
        Ok(())
    }

    /// What stands beside the marked code: `found false, expected true`.
    fn difference(&self) -> String {
        let finding = self.finding;
        let mut out = String::new();
        let path = finding.attribute.as_ref().filter(|path| !path.is_empty());
        // What cannot be told may well be written.
        let fails = finding.outcome == Outcome::Fail;
        if let (None, Some(path), true) = (&finding.found, path, fails) {
            out.push_str(&format!("{} is not set", name(&path.to_string())));
        }
        if let Some(found) = &finding.found {
            out.push_str(&format!("found {}", name(found)));
        }
        if let Some(expected) = &finding.expected {
            out.push_str(if out.is_empty() { "" } else { ", " });
            out.push_str(&format!("expected {}", name(expected)));
        }
        out
    }

    /// The resource, below its code.
    fn subject(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let mut text = self.resource();
        let path = self.finding.attribute.as_ref();
        if let Some(path) = path.filter(|path| !path.is_empty()) {
            text.push_str(&format!(", attribute {}", name(&path.to_string())));
        }
        if words::names_inputs(self.report) {
            let input = visible(&clip(self.report.input(self.finding), NAME)).into_owned();
            text.push_str(&format!(" in {input}"));
        }
        screen.note("resource", &text)
    }

    /// File and line if they are known, otherwise the address; the input if there are several.
    fn whereabouts(&self) -> String {
        let mut out = match &self.finding.location {
            Some(at) => format!(
                "{}:{}:{}",
                visible(&clip(&at.file, NAME)),
                at.line,
                at.column
            ),
            None => self.resource(),
        };
        if words::names_inputs(self.report) {
            let input = visible(&clip(self.report.input(self.finding), NAME)).into_owned();
            out.push_str(&format!(" in {input}"));
        }
        out
    }

    fn resource(&self) -> String {
        match self.group.len() {
            1 => name(words::subject(self.finding)),
            n => format!("{} ({n} instances)", name(&self.group.block)),
        }
    }

    fn values(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let finding = self.finding;
        let path = finding.attribute.as_ref().filter(|path| !path.is_empty());
        if path.is_none() && finding.found.is_none() && finding.expected.is_none() {
            return Ok(());
        }
        screen.frame("")?;
        if let Some(path) = path {
            screen.frame(&name(&path.to_string()))?;
        }
        if let Some(found) = &finding.found {
            screen.frame(&format!("    found: {}", name(found)))?;
        }
        if let Some(expected) = &finding.expected {
            screen.frame(&format!(" expected: {}", name(expected)))?;
        }
        screen.frame("")
    }

    fn instances(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        if self.group.len() == 1 {
            return Ok(());
        }
        let addresses = self.group.findings.iter();
        let addresses = addresses.map(|finding| finding.resource_address.as_str());
        screen.note("instances", &list(addresses, INSTANCES))
    }

    /// Facts, unless the one there is says what was found already.
    fn facts(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let facts = &self.finding.facts;
        if facts.is_empty() || (facts.len() == 1 && self.finding.found.is_some()) {
            return Ok(());
        }
        let mut lines: Vec<String> = facts
            .iter()
            .take(FACTS)
            .map(|f| name(&f.to_string()))
            .collect();
        if facts.len() > FACTS {
            lines.push(format!("and {} more", facts.len() - FACTS));
        }
        screen.note("because", &lines.join("; "))
    }

    fn advice(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let labels = self.report.labels(self.finding);
        if !labels.is_empty() {
            screen.note("controls", &prose(&clip(&labels.join(", "), SENTENCE)))?;
        }
        let remediation = words::remediation(self.report, self.finding);
        if !remediation.is_empty() {
            screen.note("help", &prose(&clip(remediation, SENTENCE)))?;
        }
        let fix = self.finding.remedy.as_ref().and_then(Remedy::fix);
        if let Some(drawn) = fix.and_then(|fix| frame::draw_fix(self.report, fix)) {
            screen.note(
                "fix",
                "proven: with this edit it passes, and nothing else fails",
            )?;
            return drawn.iter().try_for_each(|code| screen.drawn(code));
        }
        if let Some(why) = words::no_fix(self.finding) {
            screen.note("no edit", &prose(&clip(why, SENTENCE)))?;
        }
        for snippet in &self.finding.fix {
            let beside = match snippet.inside {
                true => "add to the block",
                false => "add beside it",
            };
            screen.note("fix", beside)?;
            screen.frame("")?;
            for line in lines(&clip(&snippet.hcl, SNIPPET)) {
                screen.addition(&line)?;
            }
            screen.frame("")?;
        }
        Ok(())
    }

    fn waits(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let waits = &self.finding.waits_for;
        if !waits.is_empty() {
            screen.note("waits for", &list(waits.iter().map(String::as_str), FACTS))?;
        }
        let hint = words::remediation(self.report, self.finding);
        match hint.is_empty() {
            true => Ok(()),
            false => screen.note("help", &prose(&clip(hint, SENTENCE))),
        }
    }

    fn exception(&self, screen: &mut Screen<'_>) -> io::Result<()> {
        let Some(exception) = &self.finding.exception else {
            return Ok(());
        };
        let mut text = format!(
            "{}, approved by {}, until {}",
            name(&exception.id),
            name(&exception.approver),
            name(&exception.expires)
        );
        if let Some(place) = &exception.place {
            text.push_str(&format!(" ({})", name(&place.to_string())));
        }
        screen.note("exception", &text)?;
        screen.note("reason", &prose(&clip(&exception.reason, SENTENCE)))
    }
}

fn name(text: &str) -> String {
    visible(&clip(text, NAME)).into_owned()
}

/// The first few of a list, and how many more there are.
fn list<'t>(items: impl ExactSizeIterator<Item = &'t str>, most: usize) -> String {
    let left = items.len().saturating_sub(most);
    let names: Vec<String> = items.take(most).map(name).collect();
    match left {
        0 => names.join(", "),
        left => format!("{} and {left} more", names.join(", ")),
    }
}
