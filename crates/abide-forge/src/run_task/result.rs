//! What we answer, as JSON:API.

use serde_json::{Value, json};

/// Bytes of an outcome's Markdown; HCP Terraform advises against more than 1 MB.
const BODY: usize = 1_000_000;
/// Characters of a message.
const MESSAGE: usize = 500;

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// At work; to be said every ten minutes at least, and for an hour at most.
    Running,
    /// Passed.
    Passed,
    /// Failed.
    Failed,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// How a tag is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutcomeLevel {
    /// Not at all.
    None,
    /// As information.
    Info,
    /// As a warning.
    Warning,
    /// As an error.
    Error,
}

impl OutcomeLevel {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A word with a colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The word.
    pub label: String,
    /// Its colour.
    pub level: OutcomeLevel,
}

impl Tag {
    fn json(&self) -> Value {
        json!({"label": self.label, "level": self.level.as_str()})
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it is called, e.g. the policy.
    pub id: String,
    /// One line.
    pub description: String,
    /// Markdown.
    pub body: String,
    /// Where to read more.
    pub url: Option<String>,
    /// How it stands.
    pub status: Tag,
    /// How bad it is.
    pub severity: Tag,
}

impl Outcome {
    fn json(&self) -> Value {
        let mut attributes = json!({
            "outcome-id": self.id,
            "description": self.description,
            "body": within(&self.body, BODY),
            "tags": {
                "Status": [self.status.json()],
                "Severity": [self.severity.json()],
            },
        });
        if let Some(url) = &self.url {
            attributes["url"] = json!(url);
        }
        json!({"type": "task-result-outcomes", "attributes": attributes})
    }
}

/// The result of a task, or how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskResult {
    /// How it stands.
    pub status: Status,
    /// One line.
    pub message: String,
    /// Where the details are.
    pub url: Option<String>,
    /// What was found; only to be sent to who takes outcomes.
    pub outcomes: Vec<Outcome>,
}

impl TaskResult {
    /// The type of the body's content.
    pub const CONTENT_TYPE: &'static str = "application/vnd.api+json";

    /// The body of the `PATCH` of the callback address.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut attributes = json!({
            "status": self.status.as_str(),
            "message": self.message.chars().take(MESSAGE).collect::<String>(),
        });
        if let Some(url) = &self.url {
            attributes["url"] = json!(url);
        }
        let mut data = json!({"type": "task-results", "attributes": attributes});
        if !self.outcomes.is_empty() {
            let outcomes: Vec<Value> = self.outcomes.iter().map(Outcome::json).collect();
            data["relationships"] = json!({"outcomes": {"data": outcomes}});
        }
        json!({ "data": data })
    }
}

/// As many whole lines as have room, and that there are more.
fn within(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let note = "\n\nMore is left out for its length.\n";
    for line in text.split_inclusive('\n') {
        if out.len() + line.len() + note.len() > most {
            break;
        }
        out.push_str(line);
    }
    out.push_str(note);
    out
}
