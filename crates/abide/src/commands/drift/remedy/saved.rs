//! Reverts that wait for somebody to approve them: `.abide/remedies/TARGET-DIGEST/`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use abide_connect::PlanDigest;
use abide_remedy::revert::Undo;
use anyhow::{Context, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::look;
use crate::config::Config;

/// What is kept beside the plan.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    /// Of this file's form.
    version: u32,
    pub(super) target: String,
    /// SHA-256 of the plan file.
    pub(super) plan_digest: String,
    /// SHA-256 over what the plan does.
    pub(super) changes_digest: String,
    pub(super) undo: Vec<Kept>,
    made_at: Timestamp,
    tool: String,
}

/// One resource of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    address: String,
    attributes: Vec<String>,
    deleted: bool,
}

const VERSION: u32 = 1;

impl Saved {
    pub(super) fn new(
        target: &str,
        plan: PlanDigest,
        changes: String,
        undo: &[Undo],
        tool: String,
    ) -> Self {
        let kept = undo.iter().map(|undo| Kept {
            address: undo.address.clone(),
            attributes: undo.attributes.iter().cloned().collect(),
            deleted: undo.deleted,
        });
        Self {
            version: VERSION,
            target: target.to_owned(),
            plan_digest: plan.to_string(),
            changes_digest: changes,
            undo: kept.collect(),
            made_at: Timestamp::now(),
            tool,
        }
    }

    pub(super) fn undo(&self) -> Vec<Undo> {
        let undo = self.undo.iter().map(|kept| Undo {
            address: kept.address.clone(),
            attributes: kept.attributes.iter().cloned().collect(),
            deleted: kept.deleted,
        });
        undo.collect()
    }

    /// Writes plan and description; the plan holds secrets, so nobody else may read it.
    pub(super) fn write(&self, config: &Config, plan: &[u8]) -> anyhow::Result<PathBuf> {
        let all = folder(config);
        let digest = self.plan_digest.trim_start_matches("sha256:");
        let short = digest.get(..12).unwrap_or(digest);
        let own = all.join(format!("{}-{short}", look::file_name(&self.target)));
        let context = || format!("cannot keep the plan in {}", own.display());
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&own).with_context(context)?;
        // A plan must not come into git by an `add .`.
        let ignore = all.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").with_context(context)?;
        }
        private(&own.join("plan"), plan).with_context(context)?;
        let text = serde_json::to_string_pretty(self)?;
        private(&own.join("remedy.json"), text.as_bytes()).with_context(context)?;
        Ok(own)
    }

    /// The one of a target with this digest, and its folder.
    pub(super) fn find(
        config: &Config,
        target: &str,
        digest: PlanDigest,
    ) -> anyhow::Result<(Self, PathBuf)> {
        let all = folder(config);
        let wanted = digest.to_string();
        let mut known = Vec::new();
        let entries = fs::read_dir(&all).map(|entries| entries.flatten().collect::<Vec<_>>());
        for entry in entries.unwrap_or_default() {
            let file = entry.path().join("remedy.json");
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            let saved: Self = serde_json::from_str(&text).with_context(|| {
                format!(
                    "{} cannot be read: delete its folder and make the revert again",
                    file.display()
                )
            })?;
            if saved.version != VERSION {
                bail!(
                    "{} is of another version of abide: make the revert again",
                    file.display()
                );
            }
            if saved.target == target && saved.plan_digest == wanted {
                return Ok((saved, entry.path()));
            }
            known.push(format!("{} {}", saved.target, saved.plan_digest));
        }
        known.sort();
        match known.is_empty() {
            true => bail!(
                "no revert waits in {}: make one with `abide drift remedy {target} ADDRESS --revert`",
                all.display()
            ),
            false => bail!(
                "no revert of {target} has the plan digest {wanted}; there are:\n  {}",
                known.join("\n  ")
            ),
        }
    }
}

fn folder(config: &Config) -> PathBuf {
    config.resolve(Path::new(".abide/remedies"))
}

/// Writes a file that only its owner can read.
fn private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(bytes)
}
