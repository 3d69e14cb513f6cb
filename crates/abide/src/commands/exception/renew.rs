//! `abide exception renew`

use abide_core::exception::{Exception, State};
use anyhow::{anyhow, bail};

use super::book::Book;
use super::request::{ask, end, first, maybe};
use super::{identity, view};
use crate::cli::{Cli, RenewArgs};
use crate::output;

pub(crate) fn run(cli: &Cli, args: &RenewArgs) -> anyhow::Result<u8> {
    let mut book = Book::open_existing(cli, &args.book)?;
    let requester = identity::act(&args.who, &book.path, book.now)?;
    let results = maybe(args.from.as_deref())?;
    let old = book.grant(&args.id)?;
    let name = old.exception.named();
    let state = old.state(book.now);
    if !matches!(state, State::Active | State::Expired | State::Scheduled) {
        bail!(
            "{name} is {}: only what was granted can be renewed; ask with `abide exception request`",
            state.as_str()
        );
    }
    if let Some(by) = old.renewed_by.first() {
        bail!("{name} is renewed already, by {by}");
    }
    let facts = match &results {
        Some(results) => {
            let row = results.failure(&old.exception.policy, &old.exception.resource);
            let row = row.ok_or_else(|| {
                anyhow!("{name}: nothing in these results needs it, so there is nothing to renew")
            })?;
            Some(row.facts())
        }
        None => old.exception.facts.clone(),
    };
    // The new one begins where the old one ends, so that its days are its own.
    let next = old
        .exception
        .expires
        .filter(|expires| expires.end() > book.now);
    let not_before = args
        .term
        .not_before
        .and_then(first)
        .or(next.map(|expires| expires.end()));
    let renewal = Exception {
        facts,
        policy: old.exception.policy.clone(),
        resource: old.exception.resource.clone(),
        category: old.exception.category,
        control: old.exception.control.clone(),
        reason: args.reason.clone(),
        ticket: args.ticket.clone().or_else(|| old.exception.ticket.clone()),
        requester: Some(requester.clone()),
        not_before,
        expires: Some(end(
            &args.term,
            None,
            false,
            not_before.unwrap_or(book.now),
        )?),
        renews: Some(args.id.clone()),
        ..Exception::default()
    };
    let id = ask(&mut book, renewal)?;
    book.save()?;
    let grant = book.grant(&id)?;
    output::print_text(&format!(
        "{id}: renewal {} of {}, requested by {} ({})\n{}  {}\n",
        grant.renewals,
        book.rules.renewals,
        requester.name,
        requester.identity.as_str(),
        view::terms(&grant),
        view::waits(&grant)
    ))?;
    Ok(0)
}
