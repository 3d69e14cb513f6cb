//! Messages as they come and go: a header with the length, then JSON.
//!
//! `lsp-server` reads them too, but gives up at the first broken one.

use std::io::{self, BufRead, Read as _, Write as _};
use std::sync::mpsc::Sender;

use lsp_server::{ErrorCode, Message};
use serde_json::json;

use super::worker::Done;

/// No editor sends more; the loader refuses much smaller files.
const MAX_BODY: u64 = 256 << 20;
const MAX_HEADER: u64 = 8 << 10;

/// What came in.
pub(super) enum Event {
    Message(Message),
    /// Something that is no message, and why.
    Broken(ErrorCode, String),
    /// The input ended.
    End,
    /// A job is done.
    Done(Done),
}

/// Reads messages until the input ends.
pub(super) fn read(input: &mut impl BufRead, events: &Sender<Event>) {
    while let Ok(Some(event)) = next(input) {
        if events.send(event).is_err() {
            return;
        }
    }
    // Who does not listen knows.
    let _ = events.send(Event::End);
}

/// The next message; `None` at the end.
fn next(input: &mut impl BufRead) -> io::Result<Option<Event>> {
    let Some(length) = length(input)? else {
        return Ok(None);
    };
    let Some(length) = length else {
        let reason = "expected a header `Content-Length: <bytes>` before the message";
        return Ok(Some(Event::Broken(
            ErrorCode::ParseError,
            reason.to_owned(),
        )));
    };
    if length > MAX_BODY {
        io::copy(&mut input.take(length), &mut io::sink())?;
        let reason = format!("a message of {length} bytes is too large");
        return Ok(Some(Event::Broken(ErrorCode::InvalidRequest, reason)));
    }
    let mut body = Vec::new();
    if input.take(length).read_to_end(&mut body)? as u64 != length {
        return Ok(None);
    }
    Ok(Some(match serde_json::from_slice(&body) {
        Ok(message) => Event::Message(message),
        Err(error) => {
            let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok();
            let code = if is_json {
                ErrorCode::InvalidRequest
            } else {
                ErrorCode::ParseError
            };
            Event::Broken(code, format!("this is no message: {error}"))
        }
    }))
}

/// The length that a header gives, which ends with an empty line; the outer `None` at the end.
fn length(input: &mut impl BufRead) -> io::Result<Option<Option<u64>>> {
    let mut length = None;
    let mut is_empty = true;
    loop {
        let mut line = Vec::new();
        if input.take(MAX_HEADER).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        match line.split_once(':') {
            // Empty lines between messages mean nothing.
            None if line.is_empty() && is_empty => {}
            None if line.is_empty() => return Ok(Some(length)),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok();
                is_empty = false;
            }
            _ => is_empty = false,
        }
    }
}

/// Sends a message.
pub(super) fn send(message: &Message) -> anyhow::Result<()> {
    Ok(message.write(&mut io::stdout().lock())?)
}

/// Answers what is no message, and so has no id.
pub(super) fn refuse(code: ErrorCode, reason: &str) -> anyhow::Result<()> {
    let error = json!({ "code": code as i32, "message": reason });
    let body = json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string();
    let mut out = io::stdout().lock();
    write!(out, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    Ok(out.flush()?)
}
