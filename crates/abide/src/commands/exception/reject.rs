//! `abide exception reject`

use abide_core::exception::{Act, State};
use anyhow::bail;

use super::book::Book;
use super::identity;
use crate::cli::{ChangeArgs, Cli};
use crate::output;

pub(crate) fn run(cli: &Cli, args: &ChangeArgs) -> anyhow::Result<u8> {
    change(cli, args, "rejected", |state| match state {
        State::Requested | State::Void => Ok(()),
        State::Active | State::Scheduled => {
            Err("is approved: `abide exception revoke` takes it back")
        }
        _ => Err("is over"),
    })
}

/// Writes one act into exceptions that are in a fitting state.
pub(super) fn change(
    cli: &Cli,
    args: &ChangeArgs,
    field: &'static str,
    may: impl Fn(State) -> Result<(), &'static str>,
) -> anyhow::Result<u8> {
    let mut book = Book::open_existing(cli, &args.book)?;
    if args.reason.trim().is_empty() {
        bail!("why? Say it with --reason");
    }
    let act = Act {
        reason: Some(args.reason.clone()),
        ..identity::act(&args.who, &book.path, book.now)?
    };
    let mut out = String::new();
    for id in &args.ids {
        let grant = book.grant(id)?;
        if let Err(why) = may(grant.state(book.now)) {
            bail!("{} {why}", grant.exception.named());
        }
        book.act(id, field, &act)?;
        let grant = book.grant(id)?;
        let state = match grant.state(book.now) {
            State::Void => field,
            state => state.as_str(),
        };
        out.push_str(&format!(
            "{id}: {state} by {} ({})\n",
            act.name,
            act.identity.as_str()
        ));
    }
    book.save()?;
    output::print_text(&out)?;
    Ok(0)
}
