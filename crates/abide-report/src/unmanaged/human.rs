//! Unmanaged resources on a terminal.

use std::io::{self, Write};

use super::{UnmanagedAccount, UnmanagedReport, UnmanagedResource, words};
use crate::escape::{prose, visible};
use crate::human::screen::{Screen, Tone};
use crate::words::count;

/// Policies that could not be asked and are named.
const UNDECIDED: usize = 6;

pub(super) fn render(
    report: &UnmanagedReport,
    color: bool,
    width: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut screen = Screen::new(out, color, width);
    for account in &report.accounts {
        self::account(&mut screen, report, account)?;
        screen.blank()?;
    }
    let (tone, text) = verdict(report);
    screen.headline(tone, &text, "")
}

fn verdict(report: &UnmanagedReport) -> (Tone, String) {
    let unmanaged = report.resources().count();
    let broken = report
        .resources()
        .filter(|r| r.violations().next().is_some())
        .count();
    let mut text = match (unmanaged, report.evaluated, broken) {
        (0, ..) => "nothing unmanaged was found".to_owned(),
        (number, false, _) => format!("{} in no state", be(number)),
        (number, true, 0) => format!("{} in no state; none violates a policy", be(number)),
        (number, true, broken) => format!(
            "{} in no state, {broken} of which {} policies",
            be(number),
            if broken == 1 { "violates" } else { "violate" }
        ),
    };
    if !report.is_complete() {
        text.push_str(", but not everything could be looked at");
    }
    let tone = match (report.is_complete(), unmanaged, broken) {
        (false, ..) => Tone::Error,
        (true, 0, _) => Tone::Good,
        (true, _, 0) => Tone::Warning,
        (true, ..) => Tone::Error,
    };
    (tone, text)
}

fn be(number: usize) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", count(number, "resource"))
}

fn account(
    screen: &mut Screen<'_>,
    report: &UnmanagedReport,
    account: &UnmanagedAccount,
) -> io::Result<()> {
    let name = format!("account {}", visible(&account.account));
    let found = match &account.outcome {
        Ok(found) => found,
        Err(error) => {
            screen.headline(Tone::Error, "error[account]", &name)?;
            for line in error.lines() {
                screen.frame(&visible(line))?;
            }
            return times(screen, report, account);
        }
    };
    for resource in &found.resources {
        self::resource(screen, report, resource)?;
        screen.blank()?;
    }
    if !found.not_looked.is_empty() {
        let text = count(found.not_looked.len(), "listing");
        let text = format!("{text} failed: what is there is not known");
        screen.headline(Tone::Error, "not looked at", &text)?;
        for unseen in &found.not_looked {
            screen.frame(&visible(&words::unseen(unseen)))?;
        }
        screen.blank()?;
    }
    for remark in &found.remarks {
        screen.headline(Tone::Warning, "ignore list", &prose(remark))?;
    }
    let regions = account.regions.join(", ");
    screen.headline(Tone::Plain, &name, &prose(&words::summary(found)))?;
    screen.note("regions", &prose(&regions))?;
    screen.note("targets", &prose(&account.targets.join(", ")))?;
    times(screen, report, account)
}

fn resource(
    screen: &mut Screen<'_>,
    report: &UnmanagedReport,
    item: &UnmanagedResource,
) -> io::Result<()> {
    let is_broken = item.violations().next().is_some();
    let (tone, label) = match (&item.ignored, is_broken) {
        (Some(_), _) => (Tone::Note, "ignored"),
        (None, true) => (Tone::Error, "unmanaged, violating"),
        (None, false) => (Tone::Warning, "unmanaged"),
    };
    screen.headline(tone, label, &prose(&words::subject(item)))?;
    if let Some(children) = words::children(item) {
        screen.note("with", &prose(&children))?;
    }
    for finding in &item.findings {
        screen.note("policy", &prose(&words::finding(report, finding)))?;
    }
    let controls = words::controls(report, item);
    if !controls.is_empty() {
        screen.note("controls", &prose(&controls.join(", ")))?;
    }
    if !item.undecided.is_empty() {
        let named = item
            .undecided
            .iter()
            .take(UNDECIDED)
            .cloned()
            .collect::<Vec<_>>();
        let more = match item.undecided.len() > UNDECIDED {
            true => ", …",
            false => "",
        };
        let text = format!(
            "{} not asked, because what they read besides is not here: {}{more}",
            count(item.undecided.len(), "policy"),
            named.join(", ")
        );
        screen.note("note", &prose(&text))?;
    }
    if let Some(reason) = &item.unread {
        screen.note("unread", &prose(reason))?;
    }
    match &item.ignored {
        Some(ignore) => {
            let text = format!(
                "{}, until {}: {}",
                ignore.owner, ignore.expires, ignore.reason
            );
            screen.note("owner", &prose(&text))
        }
        None => {
            let text = format!("delete it, or adopt it as {} (--out-imports)", item.address);
            screen.note("help", &prose(&text))
        }
    }
}

fn times(
    screen: &mut Screen<'_>,
    report: &UnmanagedReport,
    account: &UnmanagedAccount,
) -> io::Result<()> {
    if !report.timings {
        return Ok(());
    }
    for (step, time) in &account.steps {
        screen.note(step, &format!("{:.1} ms", time.as_secs_f64() * 1000.0))?;
    }
    Ok(())
}
