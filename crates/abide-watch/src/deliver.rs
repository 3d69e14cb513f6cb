//! Delivers what is due, one letter of each route.

use abide_notify::{Client, Outcome, Route, Settled};
use abide_report::escape::visible;
use jiff::Timestamp;

use crate::book::{Book, BookError};

/// Tries the first letter of each route that is due. Gives how many tries there were; lines for the
/// log go to `say`.
///
/// # Errors
/// If the outcome cannot be written down; the letter is then sent again, with the same id.
pub fn deliver(
    book: &Book,
    routes: &[Route],
    client: &Client,
    clock: &dyn Fn() -> Timestamp,
    say: &dyn Fn(&str),
) -> Result<usize, BookError> {
    let due = book.read(|memory| {
        let due = memory.desk.due(clock());
        due.into_iter().cloned().collect::<Vec<_>>()
    });
    let mut tries = 0;
    for letter in &due {
        let (id, target) = (&letter.message.id, &letter.message.target);
        let about = format!("notify {}: {}", visible(&letter.route), visible(target));
        let Some(route) = routes.iter().find(|route| route.name == letter.route) else {
            continue;
        };
        tries += 1;
        let sent = route.send(client, &letter.message, letter.sent, clock());
        let settled =
            book.change(|memory| memory.desk.settle(id, sent.parts, &sent.outcome, clock()))?;
        let why = match &sent.outcome {
            Outcome::Delivered => "",
            Outcome::Later { why, .. } | Outcome::Refused(why) | Outcome::Unfit(why) => why,
        };
        match settled {
            Settled::Done if sent.parts == 0 => {}
            Settled::Done => say(&format!(
                "{about}: delivered ({})",
                letter.message.headline()
            )),
            Settled::More | Settled::Unknown => {}
            Settled::Waits(until) => say(&format!(
                "{about}: not delivered, {}; again at {until:.0}",
                visible(why)
            )),
            Settled::GivenUp(_) => say(&format!("{about}: GIVEN UP, {}", visible(why))),
        }
    }
    Ok(tries)
}
