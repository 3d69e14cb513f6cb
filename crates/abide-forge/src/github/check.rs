//! A check run with annotations, fifty a request.

use serde::{Deserialize, Serialize};
use serde_json::json;
use ureq::http::Method;

use super::PullRequest;
use crate::error::ForgeError;
use crate::http::Repeat;

/// Annotations of one request.
const BATCH: usize = 50;
/// Annotations of a check run; nobody reads more in a diff.
const MOST: usize = 500;
/// Characters of a title.
const TITLE: usize = 255;
/// Bytes of a message; GitHub takes 64 KB.
const MESSAGE: usize = 60_000;
/// Characters of a summary.
const SUMMARY: usize = 65_535;

/// How a check run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// It passed.
    Success,
    /// It failed.
    Failure,
    /// It could not judge.
    Neutral,
}

impl Conclusion {
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Neutral => "neutral",
        }
    }
}

/// How much an annotation matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Notice,
    /// To be seen to.
    Warning,
    /// It fails the run.
    Failure,
}

/// A remark at lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Annotation {
    /// The file, from the repository's root.
    pub path: String,
    /// First line.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// How much it matters.
    #[serde(rename = "annotation_level")]
    pub level: Level,
    /// Its title.
    pub title: String,
    /// Its text.
    pub message: String,
}

impl Annotation {
    fn fitted(&self) -> Self {
        Self {
            title: self.title.chars().take(TITLE).collect(),
            message: cut(&self.message, MESSAGE),
            ..self.clone()
        }
    }
}

/// A check run.
#[derive(Clone, Debug)]
pub struct CheckRun {
    /// Its name in the list of checks.
    pub name: String,
    /// The commit.
    pub head: String,
    /// Where the details are.
    pub details_url: Option<String>,
    /// How it ends.
    pub conclusion: Conclusion,
    /// One line.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// Remarks, those that matter most first.
    pub annotations: Vec<Annotation>,
}

/// What was put up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Where to see it.
    pub url: Option<String>,
    /// Annotations.
    pub annotations: usize,
    /// Annotations that had no room.
    pub left: usize,
}

impl PullRequest {
    /// Puts up a check run. Another one of the same name and commit takes its place.
    ///
    /// # Errors
    /// If GitHub refuses, as it does tokens that are not an app's.
    pub fn check(&self, run: &CheckRun) -> Result<Posted, ForgeError> {
        #[derive(Deserialize)]
        struct Created {
            id: u64,
            html_url: Option<String>,
        }
        let fitted = run.annotations.iter().take(MOST).map(Annotation::fitted);
        let annotations: Vec<Annotation> = fitted.collect();
        let left = run.annotations.len() - annotations.len();
        let mut summary = cut(&run.summary, SUMMARY - 200);
        if left > 0 {
            summary.push_str(&format!("\n\n{left} more are not annotated."));
        }
        let output = |annotations: &[Annotation]| {
            json!({
                "title": run.title.chars().take(TITLE).collect::<String>(),
                "summary": summary,
                "annotations": annotations,
            })
        };
        let mut batches = annotations.chunks(BATCH);
        let mut body = json!({
            "name": run.name,
            "head_sha": run.head,
            "status": "completed",
            // Said at once: if a later batch fails, the verdict stands.
            "conclusion": run.conclusion.as_str(),
            "output": output(batches.next().unwrap_or_default()),
        });
        if let Some(url) = &run.details_url {
            body["details_url"] = json!(url);
        }
        let path = self.path("/check-runs");
        let created: Created =
            self.client
                .call(&Method::POST, &path, Some(&body), Repeat::Always)?;
        let path = format!("{path}/{}", created.id);
        for batch in batches {
            let body = json!({ "output": output(batch) });
            // Annotations are appended: twice would show them twice.
            let _: serde_json::Value =
                self.client
                    .call(&Method::PATCH, &path, Some(&body), Repeat::IfNotDone)?;
        }
        Ok(Posted {
            url: created.html_url,
            annotations: annotations.len(),
            left,
        })
    }
}

/// The beginning of a text, at most so many bytes.
fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at));
    let head = text.get(..end.unwrap_or_default()).unwrap_or_default();
    format!("{head}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("äöü", 6), "äöü");
        assert_eq!(cut("äöü", 5), "äö…");
        assert_eq!(cut("äöü", 0), "…");
    }
}
