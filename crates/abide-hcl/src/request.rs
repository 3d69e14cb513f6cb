//! Exceptions that are asked for in comments:
//! `# abide:ignore=POL-0001 until=2026-03-31 reason="…" ticket=SEC-1`.

use std::sync::Arc;

use abide_core::diagnostic::{Diagnostic, Level};
use abide_core::request::{Request, Requests, WrittenRequest};
use jiff::civil::Date;

use crate::comment::{Remark, remarks};
use crate::files::is_native_source;
use crate::loaded::Loaded;

/// How a request begins.
pub const SIGN: &str = "abide:ignore";

const EXPECTED: &str =
    "expected `abide:ignore=POL-0001 until=YYYY-MM-DD reason=\"why\"`, and perhaps `ticket=`";

/// Reads a comment; `None` if it is no request.
///
/// # Errors
/// What is wrong with it.
#[must_use]
pub fn read(remark: &Remark) -> Option<Result<WrittenRequest, String>> {
    let rest = remark.text.strip_prefix(SIGN)?;
    Some(fields(rest).and_then(|fields| fields.request(remark)))
}

impl Loaded {
    /// The requests in the files, but not in those of downloaded modules: nobody edits them.
    pub(crate) fn read_requests(&self) -> Requests {
        let mut out = Requests::default();
        for (_, file) in self.sources.files() {
            if !is_native_source(&file.name)
                || file.name.split('/').any(|step| step == ".terraform")
            {
                continue;
            }
            for remark in remarks(&file.name, &file.text, &[SIGN]) {
                match read(&remark) {
                    Some(Ok(mut written)) => {
                        self.star(&mut written);
                        out.list.push(written);
                    }
                    Some(Err(message)) => {
                        let message = self.secrets.mask(&Arc::from(message));
                        let message = format!("this is no request for an exception: {message}");
                        out.malformed.push(
                            Diagnostic::new(Level::Warning, "request-malformed", message)
                                .at(remark.place),
                        );
                    }
                    None => {}
                }
            }
        }
        out
    }

    /// What people write may quote a secret.
    fn star(&self, written: &mut WrittenRequest) {
        let star = |text: &str| self.secrets.mask(&Arc::from(text)).to_string();
        written.request.reason = star(&written.request.reason);
        written.request.ticket = written.request.ticket.as_deref().map(star);
        for policy in &mut written.policies {
            *policy = star(policy);
        }
    }
}

/// The fields of a request as written.
#[derive(Default)]
struct Fields {
    policies: Vec<String>,
    until: Option<String>,
    reason: Option<String>,
    ticket: Option<String>,
}

impl Fields {
    fn request(self, remark: &Remark) -> Result<WrittenRequest, String> {
        let missing = |name| format!("`{name}=` is missing; {EXPECTED}");
        let until = self.until.ok_or_else(|| missing("until"))?;
        let until = day(&until).ok_or_else(|| {
            format!(
                "`{}` is no day: expected until=YYYY-MM-DD, the last day",
                until.escape_debug()
            )
        })?;
        let reason = self.reason.ok_or_else(|| missing("reason"))?;
        Ok(WrittenRequest {
            policies: self.policies,
            request: Request {
                reason,
                until,
                ticket: self.ticket,
                place: remark.place.clone(),
            },
            scope: remark.scope.clone(),
        })
    }
}

fn day(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

fn fields(rest: &str) -> Result<Fields, String> {
    let Some(rest) = rest.strip_prefix('=') else {
        return Err(format!("no `=` after `{SIGN}`; {EXPECTED}"));
    };
    let (ids, mut rest) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
    let policies: Vec<String> = ids.split(',').map(ToOwned::to_owned).collect();
    if policies.iter().any(String::is_empty) {
        return Err(format!("a policy is missing; {EXPECTED}"));
    }
    let mut fields = Fields {
        policies,
        ..Fields::default()
    };
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(fields);
        }
        let Some((name, after)) = rest.split_once('=') else {
            return Err(format!("`{}` is not expected; {EXPECTED}", shown(rest)));
        };
        let (value, after) = value(after)?;
        let slot = match name {
            "until" => &mut fields.until,
            "reason" => &mut fields.reason,
            "ticket" => &mut fields.ticket,
            _ => return Err(format!("`{}` is not expected; {EXPECTED}", shown(name))),
        };
        if value.trim().is_empty() {
            return Err(format!("`{name}=` is empty; {EXPECTED}"));
        }
        if slot.replace(value).is_some() {
            return Err(format!("`{name}=` is there twice"));
        }
        rest = after;
    }
}

fn shown(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

/// A value in quotes, with `\"` and `\\` in it, or up to the next blank.
fn value(text: &str) -> Result<(String, &str), String> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
        return Ok((value.to_owned(), rest));
    };
    let mut out = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok((out, chars.as_str())),
            '\\' => match chars.next() {
                Some(c @ ('"' | '\\')) => out.push(c),
                Some(c) => out.extend(['\\', c]),
                None => break,
            },
            c => out.push(c),
        }
    }
    Err("a quote is not closed".to_owned())
}
