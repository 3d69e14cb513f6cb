//! Which program plans.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::process::{Cancel, Run, Step};
use crate::{ConnectError, Environment};

/// Whose program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// HashiCorp's.
    Terraform,
    /// OpenTofu's.
    OpenTofu,
}

impl Flavour {
    /// Its command.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::OpenTofu => "tofu",
        }
    }
}

/// A program that can plan.
#[derive(Clone, Debug)]
pub struct Tool {
    /// Where it is.
    pub program: PathBuf,
    /// Whose it is.
    pub flavour: Flavour,
    /// Its version, e.g. `1.11.4`.
    pub version: String,
}

/// Saying its version takes no longer.
const LIMIT: Duration = Duration::from_secs(60);

impl Tool {
    /// The program that is named, else `terraform` or `tofu` on the PATH.
    ///
    /// # Errors
    /// If there is none, or it is no Terraform.
    pub fn find(named: Option<&Path>, environment: &Environment) -> Result<Self, ConnectError> {
        if let Some(program) = named {
            return Self::ask(program, environment);
        }
        for name in ["terraform", "tofu"] {
            match Self::ask(Path::new(name), environment) {
                Err(ConnectError::Start { .. }) => {}
                answer => return answer,
            }
        }
        Err(ConnectError::NotFound)
    }

    fn ask(program: &Path, environment: &Environment) -> Result<Self, ConnectError> {
        let folder = std::env::temp_dir();
        let run = Run {
            program,
            name: "terraform",
            directory: &folder,
            environment,
            until: Instant::now() + LIMIT,
            limit: LIMIT,
            cancel: &Cancel::default(),
            progress: &|_| {},
        };
        let refused = || ConnectError::Version {
            program: program.display().to_string(),
        };
        let text = match run.step(Step::Version, &["-json"]) {
            Err(ConnectError::Failed { .. }) => return Err(refused()),
            answer => answer?,
        };
        let json: serde_json::Value = serde_json::from_slice(&text).map_err(|_| refused())?;
        let version = json["terraform_version"].as_str().ok_or_else(refused)?;
        // OpenTofu says `terraform_version` too; only its name tells.
        let is_tofu = program
            .file_stem()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.contains("tofu"));
        Ok(Self {
            program: program.to_owned(),
            flavour: match is_tofu {
                true => Flavour::OpenTofu,
                false => Flavour::Terraform,
            },
            version: version.to_owned(),
        })
    }
}
