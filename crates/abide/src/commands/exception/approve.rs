//! `abide exception approve`

use abide_core::exception::{Act, State, is_bot, same_person};
use anyhow::bail;

use super::book::Book;
use super::owners::Owners;
use super::{identity, view};
use crate::cli::{Cli, DecideArgs};
use crate::{output, terminal};

pub(crate) fn run(cli: &Cli, args: &DecideArgs) -> anyhow::Result<u8> {
    let mut book = Book::open_existing(cli, &args.book)?;
    let act = identity::act(&args.who, &book.path, book.now)?;
    check_owner(&book, &act)?;
    let mut out = String::new();
    for id in &args.ids {
        match args.review {
            true => review(&mut book, id, &act)?,
            false => approve(&mut book, id, &act)?,
        }
        let grant = book.grant(id)?;
        let done = if args.review { "reviewed" } else { "approved" };
        out.push_str(&format!(
            "{id}: {done} by {} ({})\n{}",
            act.name,
            act.identity.as_str(),
            view::terms(&grant)
        ));
        let state = match grant.state(book.now) {
            State::Requested => view::waits(&grant),
            State::Active => "it covers from now on; commit the file".to_owned(),
            State::Scheduled => "it will cover from its first day on; commit the file".to_owned(),
            state => format!("it is {}", state.as_str()),
        };
        out.push_str(&format!("  {state}\n"));
    }
    book.save()?;
    output::print_text(&out)?;
    Ok(0)
}

/// Who may approve by CODEOWNERS, as far as that can be told here.
fn check_owner(book: &Book, act: &Act) -> anyhow::Result<()> {
    let Some(owners) = Owners::of(&book.path)? else {
        return Ok(());
    };
    let names = owners.0.join(", ");
    if owners.0.is_empty() || owners.names(&act.name) {
        return Ok(());
    }
    if !owners.has_teams() {
        bail!(
            "{} does not own {} by CODEOWNERS, so the approval would not count; owners: {names}",
            act.name,
            book.path.display()
        );
    }
    let note = format!(
        "note: CODEOWNERS gives {} to {names}; whether {} is one of them is not known here",
        book.path.display(),
        act.name
    );
    terminal::say(&[note])?;
    Ok(())
}

fn approve(book: &mut Book, id: &str, act: &Act) -> anyhow::Result<()> {
    let before = book.grant(id)?;
    let state = before.state(book.now);
    let counted = before.approved.len();
    if counted >= before.needed && !matches!(state, State::Void) {
        bail!(
            "{} is {} and needs no approval",
            before.exception.named(),
            state.as_str()
        );
    }
    if state.is_over() {
        bail!(
            "{} is {}: ask again with `abide exception request`",
            before.exception.named(),
            state.as_str()
        );
    }
    let act = Act {
        digest: Some(before.exception.digest()),
        ..act.clone()
    };
    book.act(id, "approvers", &act)?;
    let after = book.grant(id)?;
    let name = after.exception.named();
    if let Some(fault) = after.why_void(book.now) {
        bail!(
            "{name} cannot be approved by {}: {}",
            act.name,
            fault.message
        );
    }
    if after.approved.len() <= counted {
        bail!(
            "{name}: {} has approved it already, and it needs {} people",
            act.name,
            after.needed
        );
    }
    Ok(())
}

fn review(book: &mut Book, id: &str, act: &Act) -> anyhow::Result<()> {
    let grant = book.grant(id)?;
    let name = grant.exception.named();
    if !grant.is_review_due(book.now) {
        bail!("{name} waits for no review: only break-glass exceptions do, once they are granted");
    }
    let requester = grant.exception.requester.as_ref();
    if is_bot(&act.name) || requester.is_some_and(|asked| same_person(&asked.name, &act.name)) {
        bail!(
            "{name}: {} cannot review it: expected a person who did not ask for it",
            act.name
        );
    }
    book.act(id, "reviewed", act)
}
