//! `abide exception show`

use abide_core::exception::{Grant, State};

use super::book::Book;
use super::view;
use crate::cli::{Cli, ExceptionShowArgs, ListFormat};
use crate::{output, terminal};

pub(crate) fn run(cli: &Cli, args: &ExceptionShowArgs) -> anyhow::Result<u8> {
    let book = Book::open_existing(cli, &args.book)?;
    let grant = book.grant(&args.id)?;
    let text = match args.format {
        ListFormat::Json => serde_json::to_string_pretty(&view::json(&grant, book.now))?,
        ListFormat::Human => terminal::visible(&human(&grant, &book)),
    };
    output::print_text(&text)?;
    Ok(0)
}

fn human(grant: &Grant<'_>, book: &Book) -> String {
    let exception = grant.exception;
    let state = grant.state(book.now);
    let mut out = format!("{}: {}", exception.id, state.as_str());
    if exception.break_glass {
        out.push_str(", break-glass");
    }
    out.push('\n');
    if let Some(fault) = grant.why_void(book.now) {
        out.push_str(&format!("  {}\n", fault.message));
    }
    out.push_str(&view::terms(grant));
    out.push_str(&format!("  category {}\n", exception.category.as_str()));
    if let Some(ticket) = &exception.ticket {
        out.push_str(&format!("  ticket {ticket}\n"));
    }
    for (what, act) in view::acts(grant) {
        let reason = act.reason.as_ref().map(|reason| format!(": {reason}"));
        out.push_str(&format!(
            "  {what} by {}{}\n",
            view::act(act),
            reason.unwrap_or_default()
        ));
    }
    if let Some(old) = &exception.renews {
        out.push_str(&format!(
            "  renews {old} ({} of {} renewals)\n",
            grant.renewals, book.rules.renewals
        ));
    }
    for new in &grant.renewed_by {
        out.push_str(&format!("  renewed by {new}\n"));
    }
    if state == State::Requested {
        out.push_str(&format!("  {}\n", view::waits(grant)));
    }
    if grant.is_review_due(book.now) {
        out.push_str(&format!(
            "  nobody has reviewed it: `abide exception approve --review {}`\n",
            exception.id
        ));
    }
    out
}
