//! Who changed something: CloudTrail's event history.
//!
//! It holds management events of 90 days, shows them up to 15 minutes late, and may be asked twice
//! a second in each account and region. It is asked by the names under which it indexes a resource;
//! events that only read, failed, or change something else are left out. Unless exactly one
//! event fits, what is said is likely and not certain.

mod event;
mod table;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub use event::Event;

use crate::session::Call;
use crate::{AwsError, Pace, Session, answer, endpoint};
use table::{Changing, changing};

/// Two requests a second are allowed; a little less is asked.
pub const APART: Duration = Duration::from_millis(550);

/// How long CloudTrail keeps events for lookups.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How late an event may show.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// Pages of 50 that are read for one name.
const PAGES: usize = 20;

/// What somebody changed.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Terraform's type.
    pub type_name: String,
    /// Its attributes in the state, those that name it among them.
    pub values: BTreeMap<String, String>,
    /// Which attributes changed.
    pub attributes: Vec<String>,
    /// Whether it was deleted.
    pub is_gone: bool,
}

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// Exactly one event of the whole time fits.
    Unique,
    /// Several fit, or not everything could be read: the last is likeliest.
    Likely,
    /// No event fits the attributes, but the resource was changed.
    Possible,
    /// No event is there.
    Nobody,
}

/// Who changed something.
#[derive(Clone, Debug)]
pub struct Who {
    /// How sure it is.
    pub certainty: Certainty,
    /// The likeliest first.
    pub events: Vec<Event>,
    /// The time that was asked for.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// What limits the answer.
    pub remarks: Vec<String>,
}

/// Asks the event history of one account.
#[derive(Debug)]
pub struct Trail<'a> {
    session: &'a Session,
    /// For the pace, which the account limits.
    account: &'a str,
    pace: &'a Pace,
}

impl<'a> Trail<'a> {
    /// The history of an account. `pace` is shared by all who ask.
    #[must_use]
    pub fn new(session: &'a Session, account: &'a str, pace: &'a Pace) -> Self {
        Self {
            session,
            account,
            pace,
        }
    }

    /// Who changed it between two times.
    ///
    /// # Errors
    /// If CloudTrail does not answer.
    pub fn who(&self, what: &Changed, from: Timestamp, until: Timestamp) -> Result<Who, AwsError> {
        let mut who = Who {
            certainty: Certainty::Nobody,
            events: Vec::new(),
            from,
            until,
            remarks: Vec::new(),
        };
        let Some(table) = changing(&what.type_name)? else {
            let text = format!("which events change {} is not known", what.type_name);
            who.remarks.push(text);
            return Ok(who);
        };
        if let Ok(oldest) = until.checked_sub(KEPT)
            && from < oldest
        {
            who.from = oldest;
            who.remarks
                .push("CloudTrail keeps events for 90 days".to_owned());
        }
        let region = self.region(what, table)?;
        let mut found: BTreeMap<String, Event> = BTreeMap::new();
        let mut is_cut = false;
        for (key, value) in keys(what, table) {
            let (events, cut) = self.look_up(key, &value, &region, &who)?;
            is_cut |= cut;
            found.extend(events.into_iter().map(|event| (event.id.clone(), event)));
        }
        if is_cut {
            let text = format!("only the last {} events were read", PAGES * 50);
            who.remarks.push(text);
        }
        if until.duration_since(from) < LATE {
            let text = "events may show up to 15 minutes late: ask again if nobody is named";
            who.remarks.push(text.to_owned());
        }
        judge(&mut who, found.into_values(), what, table, is_cut);
        Ok(who)
    }

    /// Where the event is recorded: that of the resource, or the one for services without regions.
    fn region(&self, what: &Changed, table: &Changing) -> Result<String, AwsError> {
        let own = what.values.get("arn").and_then(|arn| arn.split(':').nth(3));
        let own = own.filter(|region| !region.is_empty()).map(str::to_owned);
        let region = match own.or_else(|| what.values.get("region").cloned()) {
            Some(region) => region,
            None => self.session.region()?,
        };
        let is_global = matches!(
            table.source.as_str(),
            "iam.amazonaws.com" | "cloudfront.amazonaws.com" | "route53.amazonaws.com"
        );
        Ok(match is_global {
            true => endpoint::global_region(&region).to_owned(),
            false => region,
        })
    }

    /// All events under one name; whether there are more.
    fn look_up(
        &self,
        key: &str,
        value: &str,
        region: &str,
        who: &Who,
    ) -> Result<(Vec<Event>, bool), AwsError> {
        let parameters = vec![
            (
                "LookupAttributes".to_owned(),
                json!([{"AttributeKey": key, "AttributeValue": value}]),
            ),
            ("StartTime".to_owned(), who.from.as_second().into()),
            ("EndTime".to_owned(), (who.until.as_second() + 1).into()),
            ("MaxResults".to_owned(), 50.into()),
        ];
        let mut call = Call::new("cloudtrail", "LookupEvents", parameters)?;
        let mut events = Vec::new();
        for _ in 0..PAGES {
            // Repetitions keep the pace too.
            let pace = || self.pace.wait(&format!("{} {region}", self.account));
            let answer = self.session.ask_paced(&call, region, &pace)?;
            let list = answer::at(&answer, "Events");
            events.extend(list.into_iter().filter_map(Event::of));
            match answer.get("NextToken").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => call.set("NextToken", token.into()),
                _ => return Ok((events, false)),
            }
        }
        Ok((events, true))
    }
}

/// By what it is looked up.
fn keys(what: &Changed, table: &Changing) -> Vec<(&'static str, String)> {
    if table.by_event {
        let names = table.all().map(str::to_owned);
        return names.map(|name| ("EventName", name)).collect();
    }
    let named = ["id", "arn"]
        .into_iter()
        .chain(table.names.iter().map(String::as_str));
    let mut values: Vec<String> = named
        .filter_map(|name| what.values.get(name).cloned())
        .filter(|value| !value.is_empty())
        .collect();
    values.sort();
    values.dedup();
    values
        .into_iter()
        .map(|value| ("ResourceName", value))
        .collect()
}

fn judge(
    who: &mut Who,
    found: impl Iterator<Item = Event>,
    what: &Changed,
    table: &Changing,
    is_cut: bool,
) {
    let changing = found.filter(|event| {
        event.source == table.source && !event.is_read && !event.failed && table.is_any(&event.name)
    });
    let (mut fitting, mut others): (Vec<Event>, Vec<Event>) =
        changing.partition(|event| table.is_by(&event.name, &what.attributes, what.is_gone));
    let newest_first = |events: &mut Vec<Event>| {
        events.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
    };
    newest_first(&mut fitting);
    newest_first(&mut others);
    who.certainty = match (fitting.len(), others.len()) {
        (0, 0) => Certainty::Nobody,
        (0, _) => Certainty::Possible,
        (1, _) if !is_cut => Certainty::Unique,
        _ => Certainty::Likely,
    };
    who.events = match fitting.is_empty() {
        true => others,
        false => fitting,
    };
}
