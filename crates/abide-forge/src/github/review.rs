//! Suggestions as one review.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::Method;

use super::PullRequest;
use super::conversation::User;
use crate::diff::{self, Hunk};
use crate::error::ForgeError;
use crate::http::Repeat;
use crate::suggestion::{self, Remark, Suggested, Suggestion};

/// Times a review is tried whose fate was open.
const TRIES: usize = 3;

#[derive(Deserialize)]
struct ReviewComment {
    id: u64,
    user: Option<User>,
    body: String,
    in_reply_to_id: Option<u64>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    /// Binary and very large files have none.
    patch: Option<String>,
}

impl PullRequest {
    /// Makes the suggestions that were not made before, on the commit they were proven on, and
    /// takes back those whose finding is gone. Nothing is done if the pull request has moved on.
    ///
    /// # Errors
    /// If GitHub refuses.
    pub fn suggest(
        &self,
        run: &str,
        head: &str,
        suggestions: &[Suggestion],
    ) -> Result<Suggested, ForgeError> {
        if self.head_sha()? != head {
            return Ok(Suggested::default());
        }
        let shown = match suggestions.is_empty() {
            true => BTreeMap::new(),
            false => self.shown()?,
        };
        let shows = |s: &Suggestion| {
            let hunks = shown.get(&s.path);
            hunks.is_some_and(|hunks| diff::shows(hunks, s.line, s.end_line))
        };
        let mut made = 0;
        for tried in 1.. {
            let there = self.remarks()?;
            let sorted = suggestion::sort(suggestions, run, &there, shows);
            if !sorted.make.is_empty() {
                match self.review(run, head, &sorted.make) {
                    Ok(()) => made = sorted.make.len(),
                    // It may be there: look, and make what is not.
                    Err(error) if error.is_ambiguous() && tried < TRIES => {
                        made = sorted.make.len();
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            let mut counts = sorted.counts;
            if tried > 1 {
                counts.repeated -= made.min(counts.repeated);
            }
            counts.made = made;
            counts.withdrawn = self.withdraw(&sorted.withdraw)?;
            return Ok(counts);
        }
        Ok(Suggested::default())
    }

    fn shown(&self) -> Result<BTreeMap<String, Vec<Hunk>>, ForgeError> {
        let path = format!("/pulls/{}/files?per_page=100", self.number);
        let files: Vec<File> = self.client.list(&self.path(&path))?;
        let hunks = |file: File| (file.filename, diff::hunks(&file.patch.unwrap_or_default()));
        Ok(files.into_iter().map(hunks).collect())
    }

    fn remarks(&self) -> Result<Vec<Remark>, ForgeError> {
        let path = format!("/pulls/{}/comments?per_page=100", self.number);
        let all: Vec<ReviewComment> = self.client.list(&self.path(&path))?;
        let me = self.who()?;
        let answered: BTreeSet<u64> = all.iter().filter_map(|c| c.in_reply_to_id).collect();
        let ours = all.into_iter().filter_map(|comment| {
            let author = User::author(comment.user);
            me.wrote(&author).then(|| Remark {
                kept: answered.contains(&comment.id),
                id: comment.id,
                body: comment.body,
            })
        });
        Ok(ours.collect())
    }

    fn review(&self, run: &str, head: &str, make: &[&Suggestion]) -> Result<(), ForgeError> {
        let comments: Vec<Value> = make.iter().map(|s| comment(s, run)).collect();
        let body = json!({
            "commit_id": head,
            "event": "COMMENT",
            "comments": comments,
        });
        let path = self.path(&format!("/pulls/{}/reviews", self.number));
        let _: Value = self
            .client
            .call(&Method::POST, &path, Some(&body), Repeat::IfNotDone)?;
        Ok(())
    }

    fn withdraw(&self, ids: &[u64]) -> Result<usize, ForgeError> {
        let mut gone = 0;
        for id in ids {
            let path = self.path(&format!("/pulls/comments/{id}"));
            match self.client.order(&Method::DELETE, &path) {
                Ok(()) => gone += 1,
                Err(error) if error.is_not_found() || error.is_denied() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(gone)
    }
}

fn comment(suggestion: &Suggestion, run: &str) -> Value {
    let mut out = json!({
        "path": suggestion.path,
        "line": suggestion.end_line,
        "side": "RIGHT",
        "body": suggestion.body(run, "suggestion"),
    });
    if suggestion.line < suggestion.end_line {
        out["start_line"] = json!(suggestion.line);
        out["start_side"] = json!("RIGHT");
    }
    out
}
