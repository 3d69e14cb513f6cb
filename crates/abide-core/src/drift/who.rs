//! Who changed a resource, by what the cloud recorded.

use jiff::Timestamp;

/// How sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Exactly one recorded act fits.
    Unique,
    /// Several fit, or not all could be read: the first is likeliest.
    Likely,
    /// Nothing fits what changed, but the resource was changed.
    Possible,
    /// Nothing is recorded.
    Nobody,
}

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Act {
    /// The record's own id.
    pub event_id: String,
    /// When.
    pub at: Timestamp,
    /// What, e.g. `AuthorizeSecurityGroupIngress`.
    pub event: String,
    /// The user or role, or a service.
    pub identity: String,
    /// For a role, the name of its session.
    pub session: Option<String>,
    /// From where.
    pub source_ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
    /// Whether Terraform did it, of this or another root module.
    pub by_terraform: bool,
}

/// Who changed a resource.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Who {
    /// How sure it is.
    pub certainty: Certainty,
    /// The likeliest first.
    pub acts: Vec<Act>,
    /// The time that was looked at.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// What limits the answer.
    pub remarks: Vec<String>,
}
