//! `abide exception list`

use abide_core::exception::{Grant, State};
use abide_policy::Severity;

use super::book::Book;
use super::view;
use crate::cli::{Cli, ExceptionListArgs, ListFormat};
use crate::{output, terminal};

pub(crate) fn run(cli: &Cli, args: &ExceptionListArgs) -> anyhow::Result<u8> {
    let book = Book::open_existing(cli, &args.book)?;
    let at = args.at.unwrap_or(book.now);
    let mut grants = book.grants();
    // What nobody had asked for was not there.
    grants.retain(|grant| match grant.state(at) {
        State::Active => true,
        State::Unknown => false,
        _ => !args.in_force,
    });
    grants.sort_by_key(|grant| {
        (
            grant.state(at),
            grant.exception.expires.map(|end| end.end()),
        )
    });
    if args.format == ListFormat::Json {
        let list: Vec<_> = grants.iter().map(|grant| view::json(grant, at)).collect();
        output::print_text(&serde_json::to_string_pretty(&list)?)?;
        return Ok(0);
    }
    let mut rows = vec![
        [
            "STATE",
            "ID",
            "POLICY",
            "SEVERITY",
            "UNTIL",
            "APPROVED BY",
            "RESOURCE",
        ]
        .map(ToOwned::to_owned)
        .to_vec(),
    ];
    rows.extend(grants.iter().map(|grant| row(grant, grant.state(at))));
    if grants.is_empty() {
        rows.clear();
    }
    let count = |state| {
        grants
            .iter()
            .filter(|grant| grant.state(at) == state)
            .count()
    };
    let mut counts = vec![format!("{} in force at {at}", count(State::Active))];
    for state in [
        State::Scheduled,
        State::Requested,
        State::Void,
        State::Expired,
        State::Revoked,
        State::Rejected,
        State::Withdrawn,
    ] {
        if count(state) > 0 {
            counts.push(format!("{} {}", count(state), state.as_str()));
        }
    }
    let text = format!("{}{}", view::table(&rows), counts.join(", "));
    output::print_text(&terminal::visible(&text))?;
    Ok(0)
}

fn row(grant: &Grant<'_>, state: State) -> Vec<String> {
    let exception = grant.exception;
    let approvers = match (exception.approvers.is_empty(), state) {
        (true, _) => "-".to_owned(),
        (false, State::Requested) => format!("{} ({} more)", exception.approver(), grant.missing()),
        (false, _) => exception.approver(),
    };
    let id = if exception.id.is_empty() {
        "-"
    } else {
        &exception.id
    };
    vec![
        state.as_str().to_owned(),
        id.to_owned(),
        exception.policy.clone(),
        grant.severity.map_or("-", Severity::as_str).to_owned(),
        exception
            .expires
            .map_or("-".to_owned(), |end| end.to_string()),
        approvers,
        format!(
            "{}  {}:{}",
            exception.resource, exception.place.file, exception.place.line
        ),
    ]
}
