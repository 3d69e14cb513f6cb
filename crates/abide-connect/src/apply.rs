//! The only place that changes anything: it applies a saved plan whose digest somebody approved.
//!
//! Nothing else in this crate can reach `apply`, and this cannot be reached without an
//! [`ApprovedPlan`]: a plan file whose bytes are the approved ones, in a private folder.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::ConnectError;
use crate::plan::{Planning, private_folder};
use crate::process::Step;

/// SHA-256 of a plan file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanDigest([u8; 32]);

impl PlanDigest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for PlanDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The text is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `sha256:` and 64 hexadecimal digits, whole: a part of it approves nothing")]
pub struct NoDigest;

impl FromStr for PlanDigest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        let digits = text.strip_prefix("sha256:").ok_or(NoDigest)?.as_bytes();
        if digits.len() != 64 {
            return Err(NoDigest);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NoDigest)?;
            if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(NoDigest);
            }
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NoDigest)?;
        }
        Ok(Self(bytes))
    }
}

/// A saved plan that is, byte by byte, the approved one.
#[derive(Debug)]
pub struct ApprovedPlan {
    _folder: TempDir,
    file: PathBuf,
}

impl ApprovedPlan {
    /// Takes a copy that nobody else can change, and checks that.
    ///
    /// # Errors
    /// If the file cannot be read or is another one.
    pub fn read(file: &Path, approved: PlanDigest) -> Result<Self, ConnectError> {
        let shown = file.display().to_string();
        let bytes = fs::read(file).map_err(|source| ConnectError::Io {
            what: format!("reading the saved plan {shown}"),
            source,
        })?;
        let found = PlanDigest::of(&bytes);
        if found != approved {
            return Err(ConnectError::NotApproved {
                file: shown,
                found: found.to_string(),
                approved: approved.to_string(),
            });
        }
        let folder = private_folder()?;
        let file = folder.path().join("plan");
        fs::write(&file, bytes).map_err(|source| ConnectError::Io {
            what: "copying the saved plan".to_owned(),
            source,
        })?;
        Ok(Self {
            _folder: folder,
            file,
        })
    }
}

/// What a saved plan says, as `show -json` prints it. The directory must be initialised.
///
/// # Errors
/// If the step fails, takes too long or is cancelled.
pub fn show(
    planning: &Planning<'_>,
    approved: &ApprovedPlan,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Vec<u8>, ConnectError> {
    let environment = planning.environment();
    let run = planning.run(&environment, progress);
    run.step(
        Step::Show,
        &["-json", "-no-color", &approved.file.to_string_lossy()],
    )
}

/// Applies it, once, with the state locked. The directory must be initialised.
///
/// # Errors
/// If the step fails, takes too long or is cancelled; a part may have been applied then.
pub fn apply(
    planning: &Planning<'_>,
    approved: ApprovedPlan,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Duration, ConnectError> {
    let environment = planning.environment();
    let run = planning.run(&environment, progress);
    let begun = Instant::now();
    let ApprovedPlan { _folder, file } = approved;
    // A saved plan is applied without a question, and nothing but what is in it.
    let file = file.to_string_lossy().into_owned();
    run.step(
        Step::Apply,
        &["-input=false", "-no-color", "-lock-timeout=30s", &file],
    )?;
    Ok(begun.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_digest_of_the_very_bytes_approves() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan");
        fs::write(&file, "plan").unwrap();
        let digest = PlanDigest::of(b"plan");
        let text = digest.to_string();
        assert_eq!(text.parse(), Ok(digest));
        assert!(ApprovedPlan::read(&file, digest).is_ok());
        let bare = text.trim_start_matches("sha256:");
        let short = text.trim_end_matches(|c: char| c.is_ascii_hexdigit());
        let sign = format!("sha256:+{}", "0".repeat(63));
        for wrong in [bare, short, &text.to_uppercase(), &sign] {
            assert_eq!(wrong.parse::<PlanDigest>(), Err(NoDigest), "{wrong}");
        }
        fs::write(&file, "another").unwrap();
        let error = ApprovedPlan::read(&file, digest).unwrap_err().to_string();
        assert!(error.contains(&text), "{error}");
    }

    #[test]
    fn a_plan_that_changes_after_the_check_is_not_applied() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan");
        fs::write(&file, "plan").unwrap();
        let approved = ApprovedPlan::read(&file, PlanDigest::of(b"plan")).unwrap();
        fs::write(&file, "another").unwrap();
        assert_eq!(fs::read(&approved.file).unwrap(), b"plan");
    }
}
