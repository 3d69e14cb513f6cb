//! `abide exception request`

use std::path::Path;

use abide_core::exception::{
    Act, Category, CompensatingControl, Cover, Exception, Expiry, State, Violation, covers,
};
use anyhow::{anyhow, bail};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::book::Book;
use super::results::{Results, Row};
use super::{identity, view};
use crate::cli::{Cli, Kind, RequestArgs, TermArgs};
use crate::output;

pub(crate) fn run(cli: &Cli, args: &RequestArgs) -> anyhow::Result<u8> {
    let mut book = Book::open(cli, &args.book)?;
    let results = Results::read(&args.from)?;
    let requester = identity::act(&args.who, &book.path, book.now)?;
    let mut ids = Vec::new();
    for what in &args.findings {
        for row in results.failures(what)? {
            let exception = exception(args, row, &requester, book.now)?;
            ids.push(ask(&mut book, exception)?);
        }
    }
    book.save()?;
    let mut out = String::new();
    for id in ids {
        let grant = book.grant(&id)?;
        out.push_str(&format!(
            "{id}: requested by {} ({})\n{}",
            requester.name,
            requester.identity.as_str(),
            view::terms(&grant)
        ));
        out.push_str(&format!("  {}\n", view::waits(&grant)));
    }
    output::print_text(&out)?;
    Ok(0)
}

/// Adds a request under a new id, if it may be granted at all.
pub(super) fn ask(book: &mut Book, mut exception: Exception) -> anyhow::Result<String> {
    exception.id = book.new_id(&exception);
    let id = exception.id.clone();
    let violation = Violation {
        policy: &exception.policy,
        resource: &exception.resource,
        facts: exception.facts.as_deref().unwrap_or_default(),
        control_passes: true,
    };
    for known in book.grants() {
        let (named, place) = (known.exception.named(), &known.exception.place);
        if Some(&known.exception.id) == exception.renews.as_ref() {
            continue;
        }
        match covers(&known, &violation, book.now) {
            Cover::Covered => bail!(
                "{named} covers this already ({place}): `abide exception renew` asks for one that follows it"
            ),
            Cover::NotInForce(state @ (State::Requested | State::Scheduled)) => {
                bail!("{named} is {} already ({place})", state.as_str())
            }
            _ => {}
        }
    }
    book.add(&exception)?;
    let grant = book.grant(&id)?;
    if let Some(fault) = grant.why_void(book.now) {
        bail!(
            "{} on {} cannot be asked for like this: {}",
            exception.policy,
            exception.resource,
            fault.message
        );
    }
    Ok(id)
}

fn exception(
    args: &RequestArgs,
    row: &Row,
    requester: &Act,
    now: Timestamp,
) -> anyhow::Result<Exception> {
    let written = row.requested.as_ref();
    let reason = args
        .reason
        .clone()
        .or_else(|| written.map(|asked| asked.reason.clone()));
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    let reason = reason.ok_or_else(|| anyhow!("why? Say it with --reason"))?;
    let control = CompensatingControl {
        description: args.control.clone(),
        policy: args.control_policy.clone(),
    };
    let control = (control != CompensatingControl::default()).then_some(control);
    let category = match args.category {
        Some(Kind::Mitigated) => Category::Mitigated,
        Some(Kind::FalsePositive) => Category::FalsePositive,
        Some(Kind::Waiver) => Category::Waiver,
        None if control.is_some() => Category::Mitigated,
        None => Category::Waiver,
    };
    let not_before = args.term.not_before.and_then(first);
    let asked = written
        .map(|asked| asked.until)
        .filter(|_| !args.break_glass);
    Ok(Exception {
        policy: row.policy_id.clone(),
        resource: row.resource_address.clone(),
        facts: Some(row.facts()),
        category,
        reason,
        ticket: args.ticket.clone().or_else(|| written?.ticket.clone()),
        control,
        requester: Some(requester.clone()),
        not_before,
        expires: Some(end(
            &args.term,
            asked,
            args.break_glass,
            not_before.unwrap_or(now),
        )?),
        break_glass: args.break_glass,
        ..Exception::default()
    })
}

/// The end that is asked for; days are counted from the beginning.
pub(super) fn end(
    args: &TermArgs,
    asked: Option<Date>,
    break_glass: bool,
    begin: Timestamp,
) -> anyhow::Result<Expiry> {
    let today = TimeZone::UTC.to_datetime(begin).date();
    let counted = match args.days {
        Some(days) => Some(
            today
                .checked_add(days.days())
                .map_err(|_| anyhow!("--days {days}: there is no such day"))?,
        ),
        None => None,
    };
    let end = match args.expires.or(counted).or(asked) {
        Some(day) => Expiry::Day(day),
        None if break_glass => {
            let end = identity::whole_seconds(begin).checked_add(72.hours())?;
            Expiry::Instant(end)
        }
        None => bail!("until when? Say it with --expires DAY or --days N"),
    };
    if end.end() <= begin {
        bail!(
            "it would end on {}, before it begins: expected a day from {today} on",
            end.day()
        );
    }
    Ok(end)
}

/// The beginning of a day.
pub(super) fn first(day: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

/// Results, if they are named.
pub(super) fn maybe(path: Option<&Path>) -> anyhow::Result<Option<Results>> {
    path.map(Results::read).transpose()
}
