//! Listing one kind in one region, page by page.

use serde_json::Value;

use super::table::Kind;
use crate::answer;
use crate::session::Call;
use crate::{AwsError, Session};

/// More pages than any account fills; a service that never ends is not followed.
const MOST_PAGES: usize = 10_000;

/// Something there is.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) kind: &'static Kind,
    /// What it is imported by.
    pub(super) id: String,
    /// All that tells it: the id first.
    pub(super) keys: Vec<String>,
    /// Where; `None` if it has no region.
    pub(super) region: Option<String>,
    /// As AWS answered.
    pub(super) value: Value,
    /// Why it could not be looked at closely, if so.
    pub(super) unclear: Option<AwsError>,
}

/// All of a kind in a region. `parents` are the ids of the kind it is listed for, if it is.
pub(super) fn list(
    session: &Session,
    kind: &'static Kind,
    region: &str,
    parents: &[String],
) -> Result<Vec<Item>, AwsError> {
    let mut items = Vec::new();
    match &kind.each {
        None => pages(session, kind, region, None, &mut items)?,
        Some(each) => {
            for parent in parents {
                pages(session, kind, region, Some((&each.to, parent)), &mut items)?;
            }
        }
    }
    Ok(items)
}

fn pages(
    session: &Session,
    kind: &'static Kind,
    region: &str,
    of: Option<(&str, &str)>,
    items: &mut Vec<Item>,
) -> Result<(), AwsError> {
    let parameters = kind.parameters.clone().into_iter().collect();
    let mut call = Call::new(&kind.service, kind.call.as_str(), parameters)?;
    if let Some((name, value)) = of {
        call.set(name, value.into());
    }
    let mut last = None;
    for _ in 0..MOST_PAGES {
        let answer = session.ask(&call, region)?;
        for value in answer::at(&answer, &kind.items) {
            items.extend(item(session, kind, region, value.clone())?);
        }
        let Some(pages) = &kind.pages else {
            return Ok(());
        };
        let token = answer::text_at(&answer, &pages.from);
        let Some(token) = token else { return Ok(()) };
        if last.as_ref() == Some(&token) {
            return Err(call.unreadable(region, "the same page is offered again"));
        }
        call.set(&pages.to, token.clone().into());
        last = Some(token);
    }
    Err(call.unreadable(region, format!("there are more than {MOST_PAGES} pages")))
}

fn item(
    session: &Session,
    kind: &'static Kind,
    region: &str,
    mut value: Value,
) -> Result<Option<Item>, AwsError> {
    if !kind.only.iter().all(|condition| condition.holds(&value)) {
        return Ok(None);
    }
    let mut unclear = None;
    if let Some(detail) = &kind.detail
        && let Some(of) = answer::text_at(&value, &detail.from)
    {
        let parameters = vec![(detail.to.clone(), of.into())];
        let call = Call::new(&kind.service, detail.call.as_str(), parameters)?;
        match session.ask(&call, region) {
            Ok(more) => merge(&mut value, more),
            // Gone in between.
            Err(error) if error.is_absent() => return Ok(None),
            Err(error) if error.is_denied() => unclear = Some(error),
            Err(error) => return Err(error),
        }
    }
    let Some(id) = kind.id.of(&value, "") else {
        return Ok(None);
    };
    if kind.gone.iter().any(|condition| condition.holds(&value)) {
        return Ok(None);
    }
    let mut keys = vec![id.clone()];
    keys.extend(
        kind.keys
            .iter()
            .filter_map(|path| answer::text_at(&value, path)),
    );
    let region = match &kind.region {
        Some(path) => Some(match answer::text_at(&value, path) {
            Some(region) => region,
            None => located(session, kind, region, &id)?,
        }),
        None if kind.service()?.global => None,
        None => Some(region.to_owned()),
    };
    Ok(Some(Item {
        kind,
        id,
        keys,
        region,
        value,
        unclear,
    }))
}

fn merge(value: &mut Value, more: Value) {
    if let (Value::Object(known), Value::Object(more)) = (value, more) {
        for (name, value) in more {
            known.entry(name).or_insert(value);
        }
    }
}

/// Asks for the region of a bucket: the first one is written as nothing, an old one as `EU`.
fn located(session: &Session, kind: &Kind, region: &str, id: &str) -> Result<String, AwsError> {
    let path = kind.locate.as_ref();
    let Some(path) = path.and_then(|path| path.of(&Value::Null, &crate::session::encoded(id)))
    else {
        return Ok(region.to_owned());
    };
    let answer = session.ask(&Call::new(&kind.service, path, Vec::new())?, region)?;
    Ok(match answer::text(&answer).as_deref() {
        None => "us-east-1".to_owned(),
        Some("EU") => "eu-west-1".to_owned(),
        Some(region) => region.to_owned(),
    })
}
