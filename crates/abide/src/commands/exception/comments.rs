//! Comments that tell tools to pass over something.

use abide_core::finding::Location;
use abide_hcl::{Remark, remarks, request};

use super::skip::{Found, Skip, Target, last_day};

const CHECKOV: [&str; 3] = ["checkov:skip=", "bridgecrew:skip=", "cortex:skip="];
const TRIVY: [&str; 2] = ["trivy:ignore:", "tfsec:ignore:"];

/// Reads the comments of a Terraform file; `name` is what places call it.
pub(super) fn read(name: &str, text: &str, found: &mut Found) {
    let signs = [&CHECKOV[..], &TRIVY, &[request::SIGN]].concat();
    for remark in remarks(name, text, &signs) {
        if let Some(read) = request::read(&remark) {
            own(&remark, read, found);
            continue;
        }
        for sign in CHECKOV {
            if let Some((_, rest)) = remark.text.split_once(sign) {
                checkov(&remark, rest, found);
            }
        }
        let words = remark.text.split_whitespace();
        for word in words {
            let word = word.trim_start_matches(['#', '/', '*']);
            for sign in TRIVY {
                if let Some(rest) = word.strip_prefix(sign) {
                    trivy(&remark, rest, found);
                }
            }
        }
    }
}

fn own(
    remark: &Remark,
    read: Result<abide_core::request::WrittenRequest, String>,
    found: &mut Found,
) {
    let written = match read {
        Ok(written) => written,
        Err(message) => return found.problem(&remark.place, message),
    };
    let Some(target) = at(remark, written.scope.as_ref(), found) else {
        return;
    };
    let request = written.request;
    let reason = match request.ticket {
        Some(ticket) => format!("{} ({ticket})", request.reason),
        None => request.reason,
    };
    for rule in written.policies {
        found.skips.push(Skip {
            rule,
            reason: Some(reason.clone()),
            expires: Some(request.until),
            place: request.place.clone(),
            target: target.clone(),
        });
    }
}

/// `ID,ID:reason`; it stands anywhere in the block it is about.
fn checkov(remark: &Remark, rest: &str, found: &mut Found) {
    let (rules, reason) = match rest.split_once(':') {
        Some((rules, reason)) => (rules, Some(reason.trim().to_owned())),
        None => (rest.split_whitespace().next().unwrap_or_default(), None),
    };
    let Some(target) = at(remark, remark.block.as_ref(), found) else {
        return;
    };
    for rule in rules.split(',').map(str::trim).filter(|r| !r.is_empty()) {
        found.skips.push(Skip {
            rule: rule.to_owned(),
            reason: reason.clone().filter(|reason| !reason.is_empty()),
            expires: None,
            place: remark.place.clone(),
            target: target.clone(),
        });
    }
}

/// `ID[:exp:DATE][:ws:NAME]`
fn trivy(remark: &Remark, rest: &str, found: &mut Found) {
    let mut parts = rest.split(':');
    let rule = parts.next().unwrap_or_default();
    let mut expires = None;
    while let Some(field) = parts.next() {
        let value = parts.next().unwrap_or_default();
        match field {
            "exp" => match last_day(value) {
                Some(day) => expires = Some(day),
                None => {
                    let why = format!("`{value}` is no date: expected exp:YYYY-MM-DD");
                    return found.problem(&remark.place, why);
                }
            },
            _ => {
                let why = format!("`{field}:{value}` has no counterpart in an exception");
                return found.problem(&remark.place, why);
            }
        }
    }
    if rule.contains(['*', '[']) {
        let why = format!("`{rule}` has no counterpart: an exception is for one policy");
        return found.problem(&remark.place, why);
    }
    let Some(target) = at(remark, remark.scope.as_ref(), found) else {
        return;
    };
    found.skips.push(Skip {
        rule: rule.to_owned(),
        reason: None,
        expires,
        place: remark.place.clone(),
        target,
    });
}

fn at(remark: &Remark, location: Option<&Location>, found: &mut Found) -> Option<Target> {
    if location.is_none() {
        found.problem(
            &remark.place,
            "this comment stands at no attribute or block",
        );
    }
    location.cloned().map(Target::Place)
}
