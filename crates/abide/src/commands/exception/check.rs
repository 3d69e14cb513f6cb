//! `abide exception check`

use abide_core::diagnostic::Place;
use abide_core::exception::{Grant, State};
use jiff::ToSpan;
use serde_json::json;

use super::book::Book;
use super::results::Results;
use super::view;
use crate::cli::{CheckArgs, Cli, ListFormat};
use crate::{output, terminal};

/// Something that needs somebody.
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) place: Place,
}

pub(crate) fn run(cli: &Cli, args: &CheckArgs) -> anyhow::Result<u8> {
    let book = Book::open(cli, &args.book)?;
    let results = args
        .from
        .iter()
        .map(|path| Results::read(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let grants = book.grants();
    let days = args.warn_days.unwrap_or(book.rules.warn_days);
    let mut problems: Vec<Problem> = grants
        .iter()
        .flat_map(|grant| look(grant, &grants, &book, days))
        .collect();
    problems.extend(
        grants
            .iter()
            .filter_map(|grant| unused(grant, &book, &results)),
    );
    let in_force = grants
        .iter()
        .filter(|grant| grant.state(book.now) == State::Active)
        .count();
    match args.format {
        ListFormat::Json => {
            let list: Vec<_> = problems
                .iter()
                .map(|problem| json!({"code": problem.code, "message": problem.message, "place": problem.place}))
                .collect();
            output::print_text(&serde_json::to_string_pretty(&list)?)?;
        }
        ListFormat::Human => {
            let mut out = String::new();
            for problem in &problems {
                out.push_str(&format!(
                    "{}: {} [{}]\n",
                    problem.place, problem.message, problem.code
                ));
            }
            let waiting = grants
                .iter()
                .filter(|grant| grant.state(book.now) == State::Requested)
                .count();
            out.push_str(&format!(
                "{}: {in_force} in force, {waiting} requested, {} to look at",
                book.path.display(),
                problems.len()
            ));
            output::print_text(&terminal::visible(&out))?;
        }
    }
    Ok(u8::from(!problems.is_empty()))
}

/// What is to be done about one exception.
fn look(grant: &Grant<'_>, all: &[Grant<'_>], book: &Book, days: i32) -> Vec<Problem> {
    let exception = grant.exception;
    let name = exception.named();
    let now = book.now;
    let mut out = Vec::new();
    let mut say = |code, message, place: &Place| {
        out.push(Problem {
            code,
            message,
            place: place.clone(),
        })
    };
    if let Some(fault) = grant.why_void(now) {
        say(
            "exception-void",
            format!("{name} is void: {}", fault.message),
            &fault.place,
        );
    }
    let today = view::day(now);
    if let Some(last) = exception
        .expires
        .map(|end| end.day())
        .filter(|_| !is_renewed(grant, all, book))
    {
        let left = today.until(last).map_or(i32::MAX, |span| span.get_days());
        let state = grant.state(now);
        if state == State::Active && left <= days {
            let when = match left {
                0 => "today".to_owned(),
                1 => "tomorrow".to_owned(),
                left => format!("in {left} days"),
            };
            let message = format!(
                "{name} ends {when}, on {last}: fix the resource, or `abide exception renew {}`",
                exception.id
            );
            say("exception-expiring", message, &exception.place);
        }
        let since = last.checked_add(days.days());
        if state == State::Expired && since.is_ok_and(|since| today <= since) {
            let message = format!("{name} ended on {last}: fix the resource, or ask again");
            say("exception-expired", message, &exception.place);
        }
    }
    if grant.is_review_due(now) {
        let message = format!(
            "{name} was granted in an emergency: look at it and `abide exception approve --review {}`",
            exception.id
        );
        say("exception-review-due", message, &exception.place);
    }
    out
}

/// Whether another that follows it is granted.
fn is_renewed(grant: &Grant<'_>, all: &[Grant<'_>], book: &Book) -> bool {
    let by = &grant.renewed_by;
    all.iter().any(|other| {
        by.contains(&other.exception.id.as_str())
            && matches!(other.state(book.now), State::Active | State::Scheduled)
    })
}

/// What a scan says of an exception that is in force and covers nothing.
pub(super) fn unused(grant: &Grant<'_>, book: &Book, results: &[Results]) -> Option<Problem> {
    let exception = grant.exception;
    // Results from before it began say nothing about it.
    let in_force = |results: &&Results| grant.state(results.scanned_at) == State::Active;
    let results: Vec<&Results> = results.iter().filter(in_force).collect();
    let is_used = results.iter().any(|results| results.uses(&exception.id));
    if results.is_empty() || is_used || grant.state(book.now) != State::Active {
        return None;
    }
    let start = exception.named();
    let mut said = results.iter().flat_map(|results| &results.diagnostics);
    let said = said.find(|said| {
        let telling = ["exception-exceeded", "exception-suspended"];
        telling.contains(&said.code.as_str()) && said.message.starts_with(&start)
    });
    let (code, message) = match said {
        Some(said) if said.code == "exception-exceeded" => {
            ("exception-exceeded", said.message.clone())
        }
        Some(said) => ("exception-suspended", said.message.clone()),
        None => (
            "exception-unused",
            format!(
                "{start} covers nothing in these results: remove it if the resource is fixed or gone"
            ),
        ),
    };
    Some(Problem {
        code,
        message,
        place: exception.place.clone(),
    })
}
