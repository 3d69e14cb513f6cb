//! Drift on a terminal.

use std::io::{self, Write};

use abide_core::drift::{Class, Drift, Drifted};

use super::{DriftReport, Target, words};
use crate::escape::{prose, visible};
use crate::human::screen::{Screen, Tone};

/// Changes of one resource that are listed.
const CHANGES: usize = 12;
/// Resources of one class that are listed, unless a policy is broken.
const LISTED: usize = 30;
/// Noise that is named.
const NOISE: usize = 5;

pub(super) fn render(
    report: &DriftReport,
    color: bool,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut screen = Screen::new(out, color, width);
    for target in &report.targets {
        self::target(&mut screen, report, target)?;
        screen.blank()?;
    }
    let failed = report.targets.iter().filter(|t| t.outcome.is_err()).count();
    let violations = report.violations();
    let (tone, text) = match (violations, failed) {
        (0, 0) => (Tone::Good, "no policy is broken by drift".to_owned()),
        (0, _) => (
            Tone::Error,
            format!(
                "{} could not be looked at",
                crate::words::count(failed, "target")
            ),
        ),
        (number, _) => {
            let what = crate::words::count(number, "resource");
            let verb = if number == 1 { "violates" } else { "violate" };
            (
                Tone::Error,
                format!("{what} {verb} policies because of drift"),
            )
        }
    };
    screen.headline(tone, &text, "")
}

fn target(screen: &mut Screen<'_>, report: &DriftReport, target: &Target) -> io::Result<()> {
    let name = visible(&target.name).into_owned();
    let drift = match &target.outcome {
        Ok(drift) => drift,
        Err(error) => {
            screen.headline(Tone::Error, "error[target]", &name)?;
            for line in error.lines() {
                screen.frame(&visible(line))?;
            }
            return times(screen, report, target);
        }
    };
    // They come by class.
    for class in drift.resources.chunk_by(|a, b| a.class == b.class) {
        let listed = match class.first().is_some_and(|r| r.class.is_violation()) {
            true => class.len(),
            false => class.len().min(LISTED),
        };
        for resource in &class[..listed] {
            self::resource(screen, report, resource)?;
            screen.blank()?;
        }
        if let Some(first) = class.get(listed) {
            let more = crate::words::count(class.len() - listed, "more resource");
            let text = format!("{more}; `--format json` lists them all");
            screen.headline(Tone::Note, words::name(first.class), &text)?;
            screen.blank()?;
        }
    }
    noise(screen, drift)?;
    if let Some(text) = words::suspicion(drift) {
        screen.headline(Tone::Error, "suspicious", &text)?;
    }
    screen.headline(Tone::Plain, &name, &words::summary(drift))?;
    times(screen, report, target)
}

fn resource(screen: &mut Screen<'_>, report: &DriftReport, item: &Drifted) -> io::Result<()> {
    let tone = match item.class {
        _ if item.accepted.is_some() => Tone::Note,
        Class::Violating | Class::ViolatingKept => Tone::Error,
        Class::Sensitive | Class::Absorbed => Tone::Warning,
        Class::Improving | Class::Harmless | Class::Pending => Tone::Note,
    };
    let text = format!(
        "{} {}",
        visible(item.address.as_str()),
        words::happened(item)
    );
    screen.headline(tone, words::name(item.class), &prose(&text))?;
    if let Some(place) = &item.location {
        let line = format!("--> {}:{}:{}", place.file, place.line, place.column);
        screen.frame(&visible(&line))?;
    }
    for change in item.changes.iter().take(CHANGES) {
        screen.frame(&visible(&words::change(item, change)))?;
    }
    if item.changes.len() > CHANGES {
        let more = item.changes.len() - CHANGES;
        screen.frame(&crate::words::count(more, "more change"))?;
    }
    for line in words::verdicts(report, item) {
        screen.note("policy", &prose(&line))?;
    }
    for line in words::who(item) {
        screen.note("who", &prose(&line))?;
    }
    let controls = words::controls(report, item);
    if !controls.is_empty() {
        screen.note("controls", &prose(&controls.join(", ")))?;
    }
    if let Some(text) = words::since(report, item) {
        screen.note("since", &text)?;
    }
    match &item.accepted {
        Some(exception) => screen.note("accepted", &prose(&words::accepted(exception))),
        None => screen.note("help", &prose(&words::advice(item))),
    }
}

fn noise(screen: &mut Screen<'_>, drift: &Drift) -> io::Result<()> {
    if drift.noise.is_empty() {
        return Ok(());
    }
    let text = crate::words::count(drift.noise.len(), "resource");
    screen.headline(
        Tone::Note,
        "noise",
        &format!("{text}, in which nothing changed"),
    )?;
    for (address, changes) in drift.noise.iter().take(NOISE) {
        let mut why: Vec<&str> = changes.iter().map(|(_, noise)| noise.as_str()).collect();
        why.sort_unstable();
        why.dedup();
        let line = format!("{}: {}", visible(address.as_str()), why.join(", "));
        screen.frame(&line)?;
    }
    if drift.noise.len() > NOISE {
        screen.frame("`--format json` lists them all")?;
    }
    screen.blank()
}

fn times(screen: &mut Screen<'_>, report: &DriftReport, target: &Target) -> io::Result<()> {
    if !report.timings {
        return Ok(());
    }
    for (step, time) in &target.steps {
        screen.note(step, &format!("{:.1} ms", time.as_secs_f64() * 1000.0))?;
    }
    Ok(())
}
