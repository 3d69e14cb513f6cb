//! A file of exceptions that wait for their approver.

use std::fmt::Write as _;

use abide_core::diagnostic::Place;
use abide_core::exception::quoted;
use jiff::civil::Date;

/// One exception to be approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) policy: String,
    pub(super) resource: String,
    pub(super) reason: Option<String>,
    pub(super) expires: Option<Date>,
    /// What it comes from.
    pub(super) rule: String,
    pub(super) place: Place,
}

const HEAD: &str = "\
# Requests: each is void until it has an approver, a reason and a day it expires
# (docs/exceptions.md). Remove what nobody wants to answer for.
";

/// The file.
pub(super) fn file(entries: &[Entry]) -> String {
    let mut out = HEAD.to_owned();
    if entries.is_empty() {
        out.push_str("exceptions: []\n");
        return out;
    }
    out.push_str("exceptions:\n");
    for entry in entries {
        let from = format!("{}:{}: {}", entry.place.file, entry.place.line, entry.rule);
        let _ = writeln!(out, "  # {}", quoted(&from).trim_matches('"'));
        let _ = writeln!(out, "  - id: {}", quoted(&entry.id));
        let _ = writeln!(out, "    policy: {}", quoted(&entry.policy));
        let _ = writeln!(out, "    resource: {}", quoted(&entry.resource));
        if let Some(reason) = &entry.reason {
            let _ = writeln!(out, "    reason: {}", quoted(reason));
        }
        if let Some(day) = entry.expires {
            let _ = writeln!(out, "    expires: {day}");
        }
    }
    out
}
