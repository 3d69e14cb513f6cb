//! Flags of `abide plan`.

use std::path::PathBuf;

use clap::Args;

use super::RootArgs;
use super::source::present;

pub(crate) const PLAN_HELP: &str = "\
Your own terraform (or tofu) evaluates the configuration while abide answers as its providers,
from their schemas. No cloud, credentials, backend or registry is needed; what only the cloud
knows is unknown. Nothing is written outside a scratch folder, and everything is planned as new.

Exit codes:
  0  planned
  2  it cannot be planned; terraform's own message says why

Examples:
  abide plan --out plan.json
  abide scan . --via-terraform
  terraform providers schema -json > schema.json && abide plan --schema schema.json";

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Directory of the root module
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,

    /// Write the plan to a file instead of standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,

    /// Print how long each step took, to standard error
    #[arg(long, help_heading = "Output")]
    pub(crate) timings: bool,

    #[command(flatten)]
    pub(crate) root: RootArgs,

    #[command(flatten)]
    pub(crate) offline: OfflineArgs,
}

/// How terraform is run without a cloud.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OfflineArgs {
    /// What `terraform providers schema -json` printed; it is kept in the cache for other runs
    #[arg(long, value_name = "FILE", value_parser = present, help_heading = "Planning")]
    pub(crate) schema: Vec<PathBuf>,

    /// Program to run [default: terraform or tofu, whichever is on the PATH]
    #[arg(long, value_name = "PROGRAM", help_heading = "Planning")]
    pub(crate) terraform: Option<PathBuf>,

    /// Seconds that planning may take [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Planning")]
    pub(crate) plan_timeout: Option<u64>,
}
