//! One event of CloudTrail, as far as it says who.

use jiff::Timestamp;
use serde_json::Value;

use crate::answer;

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// CloudTrail's id of it.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// E.g. `AuthorizeSecurityGroupIngress`.
    pub name: String,
    /// E.g. `ec2.amazonaws.com`.
    pub source: String,
    /// The user or role; a service's name if it acted by itself.
    pub identity: String,
    /// For a role, the session's name: often who assumed it.
    pub session: Option<String>,
    /// From where.
    pub source_ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// Whether Terraform or OpenTofu did it.
    pub by_terraform: bool,
    pub(super) is_read: bool,
    pub(super) failed: bool,
}

impl Event {
    /// Reads one of `LookupEvents`; `None` if it does not say what and when.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let text = |path: &str| answer::text_at(value, path);
        let whole = text("CloudTrailEvent");
        let whole = whole.and_then(|whole| serde_json::from_str::<Value>(&whole).ok());
        let whole = whole.unwrap_or_default();
        let more = |path: &str| answer::text_at(&whole, path);
        let user_agent = more("userAgent");
        let arn = more("userIdentity.arn");
        let session = arn.as_deref().filter(|arn| arn.contains(":assumed-role/"));
        let session = session
            .and_then(|arn| arn.rsplit('/').next())
            .map(str::to_owned);
        let is_read = text("ReadOnly").or_else(|| more("readOnly"));
        Some(Self {
            id: text("EventId").or_else(|| more("eventID"))?,
            at: at(value.get("EventTime")?)?,
            name: text("EventName")?,
            source: text("EventSource")?,
            identity: arn
                .or_else(|| more("userIdentity.invokedBy"))
                .or_else(|| text("Username"))
                .unwrap_or_else(|| "an unnamed identity".to_owned()),
            session,
            source_ip: more("sourceIPAddress"),
            by_terraform: user_agent.as_deref().is_some_and(is_terraform),
            user_agent,
            is_read: is_read.as_deref() == Some("true"),
            failed: whole.get("errorCode").is_some_and(|code| !code.is_null()),
        })
    }
}

/// A number of seconds, or a time in letters.
fn at(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => Timestamp::from_millisecond(millis(value.as_f64()?)?).ok(),
    }
}

fn millis(seconds: f64) -> Option<i64> {
    let text = format!("{:.0}", seconds * 1000.0);
    text.parse().ok()
}

fn is_terraform(user_agent: &str) -> bool {
    let text = user_agent.to_ascii_lowercase();
    ["terraform", "opentofu"]
        .iter()
        .any(|name| text.contains(name))
}
