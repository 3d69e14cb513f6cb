//! Flags of `abide drift remedy` and `abide drift apply-revert`.

use std::path::PathBuf;

use abide_connect::PlanDigest;
use clap::{ArgGroup, Args, Subcommand};

use super::{Forge, PolicyArgs};

const REMEDY_HELP: &str = "\
--adopt edits the source until it says what is there, and proves by a plan that nothing else
changes and by the policies that nothing breaks. What breaks a policy is adopted only under an
approved exception. It prints the difference; --write writes it, --pr opens a pull request.

--revert makes a plan that undoes the drift of these resources and nothing else, keeps it under
.abide/remedies and prints what is to be approved. Nothing is applied before somebody runs
`abide drift apply-revert` with the digest of that plan. What made things better is not reverted.

--pr takes the token from GITHUB_TOKEN or GH_TOKEN, of GitLab from GITLAB_TOKEN. Without one it
prints the address of the form to fill in. Run again, it brings up to date what it opened.

Exit codes:
  0  the remedy is there
  2  it is refused, with the reason, or could not be made

Examples:
  abide drift remedy prod aws_security_group.bastion --revert
  abide drift remedy prod aws_kms_key.ledger --adopt --pr
  abide drift remedy prod aws_s3_bucket.found=northbank-uploads --adopt --write";

const APPLY_HELP: &str = "\
The plan is made once more and must do the same as the saved one, which must be, byte by byte, the
approved one. Then the saved plan is applied, with the state locked. No other command applies.

Exit codes:
  0  it was applied
  2  it is refused, with the reason, or it failed";

#[derive(Debug, Subcommand)]
pub(crate) enum DriftCommand {
    /// Undo what was changed outside Terraform, or take it into the code
    #[command(after_help = REMEDY_HELP)]
    Remedy(Box<RemedyArgs>),
    /// Apply a revert that somebody approved
    #[command(after_help = APPLY_HELP)]
    ApplyRevert(Box<ApplyRevertArgs>),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("how").required(true))]
pub(crate) struct RemedyArgs {
    /// Target of abide.toml
    pub(crate) target: String,

    /// Drifted resources; with --adopt also ADDRESS=ID: what no state holds, and its import id
    #[arg(value_name = "ADDRESS", required = true)]
    pub(crate) addresses: Vec<String>,

    /// Make a plan that undoes it
    #[arg(long, group = "how")]
    pub(crate) revert: bool,

    /// Edit the source to what is there
    #[arg(long, group = "how")]
    pub(crate) adopt: bool,

    /// Write the edits into the files
    #[arg(long, conflicts_with_all = ["revert", "pr"])]
    pub(crate) write: bool,

    /// Write also into files that have uncommitted changes or are not in git
    #[arg(long, requires = "write")]
    pub(crate) allow_dirty: bool,

    /// Push the edits as a branch and open a pull request of it; for a revert, open an issue that
    /// asks for approval
    #[arg(long)]
    pub(crate) pr: bool,

    /// The code is what was applied last: whatever differs from it was changed outside
    #[arg(long)]
    pub(crate) applied: bool,

    /// File of approved exceptions
    #[arg(long, value_name = "FILE")]
    pub(crate) exceptions: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

/// Where pull requests and issues are opened.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// The forge [default: that of `origin`, or the one whose CI this is]
    #[arg(long, value_enum, requires = "pr", help_heading = "Where")]
    pub(crate) forge: Option<Forge>,

    /// Address of the API [default: GITHUB_API_URL, CI_API_V4_URL, or the public one]
    #[arg(long, value_name = "URL", requires = "pr", help_heading = "Where")]
    pub(crate) api_url: Option<String>,

    /// Repository, OWNER/NAME; of GitLab the project's number or path [default: that of `origin`]
    #[arg(long, value_name = "NAME", requires = "pr", help_heading = "Where")]
    pub(crate) repo: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyRevertArgs {
    /// Target of abide.toml
    pub(crate) target: String,

    /// The digest that was approved, as `abide drift remedy --revert` printed it
    #[arg(long, value_name = "sha256:…")]
    pub(crate) plan_digest: PlanDigest,

    /// AWS profile to apply with, in place of that of the target
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}
