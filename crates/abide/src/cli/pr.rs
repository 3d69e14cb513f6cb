//! Flags of `abide pr`.

use std::path::PathBuf;

use abide_forge::comment::CiRun;
use clap::{Args, Subcommand, ValueEnum};

const COMMENT_HELP: &str = "\
There is one comment for each --run-name. It is written in place, never over that of a newer run,
not at all while there is nothing to say, and says so when all is resolved.

In GitHub Actions and GitLab CI only the results are to be named. The token is taken from
GITHUB_TOKEN or GH_TOKEN, of GitLab from GITLAB_TOKEN. SSL_CERT_FILE names certificates to trust.

Exit codes, whatever the results say:
  0  the comment is right, or there is nothing to say, or the token may not write and the results
     are in the job's summary and annotations
  2  it could not be done

Examples:
  abide scan plan.json --output results.json --exit-zero && abide pr comment results.json
  abide pr comment results.json --against main.json --check --suggest
  abide pr comment results.json --forge github --repo acme/infra --pr 12 --commit \"$SHA\"";

#[derive(Debug, Subcommand)]
pub(crate) enum PrCommand {
    /// Keep one comment up to date; also a check run and suggestions at lines
    #[command(after_help = COMMENT_HELP)]
    Comment(Box<PrCommentArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct PrCommentArgs {
    /// Results of `abide scan --output results.json`, or `-` for standard input
    #[arg(value_name = "RESULTS.json")]
    pub(crate) results: PathBuf,

    /// Name of the run, where several report on one pull request
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) run_name: String,

    /// Results of the target branch's last scan, or a baseline: what it holds is not new
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,

    /// Also put up a check run with annotations (GitHub)
    #[arg(long)]
    pub(crate) check: bool,

    /// Also suggest proven fixes at their lines; the scan needs --fixes
    #[arg(long)]
    pub(crate) suggest: bool,

    /// What to do where the token may not write
    #[arg(long, value_enum, default_value_t = Fallback::Summary, value_name = "WHAT")]
    pub(crate) fallback: Fallback,

    /// Print the comment, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// The forge [default: the one whose CI this is]
    #[arg(long, value_enum, help_heading = "Where")]
    pub(crate) forge: Option<Forge>,

    /// Address of the API [default: GITHUB_API_URL, CI_API_V4_URL, or the public one]
    #[arg(long, value_name = "URL", help_heading = "Where")]
    pub(crate) api_url: Option<String>,

    /// Repository, OWNER/NAME; of GitLab the project's number or path [default: that of the CI job]
    #[arg(long, value_name = "NAME", help_heading = "Where")]
    pub(crate) repo: Option<String>,

    /// Number of the pull request or merge request [default: that of the CI job]
    #[arg(long, value_name = "NUMBER", help_heading = "Where")]
    pub(crate) pr: Option<u64>,

    /// Commit of its branch that was scanned [default: that of the CI job]
    #[arg(long, value_name = "SHA", help_heading = "Where")]
    pub(crate) commit: Option<String>,

    /// Number of the CI run, and of its attempt: a later run's comment is not overwritten
    /// [default: that of the CI job]
    #[arg(long, value_name = "RUN[.ATTEMPT]", value_parser = ci_run, help_heading = "Where")]
    pub(crate) run_id: Option<CiRun>,

    /// Where all results are to be seen [default: the CI job]
    #[arg(long, value_name = "URL", value_parser = web, help_heading = "Where")]
    pub(crate) run_url: Option<String>,

    /// Account that writes, if the token is that of a GitHub App of your own: `my-app[bot]`
    #[arg(long, value_name = "LOGIN", help_heading = "Where")]
    pub(crate) author: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Forge {
    Github,
    Gitlab,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fallback {
    /// Write the job's summary, and annotations to standard output
    Summary,
    /// Only say so: the scan wrote them already
    None,
    /// Fail
    Fail,
}

fn ci_run(text: &str) -> Result<CiRun, String> {
    let (id, attempt) = text.split_once('.').unwrap_or((text, "1"));
    let number = |text: &str| text.parse().ok();
    match (number(id), number(attempt)) {
        (Some(id), Some(attempt)) => Ok(CiRun { id, attempt }),
        _ => Err("expected a number, or RUN.ATTEMPT".to_owned()),
    }
}

fn web(text: &str) -> Result<String, String> {
    match text.starts_with("https://") || text.starts_with("http://") {
        true => Ok(text.to_owned()),
        false => Err("expected a URL, https://…".to_owned()),
    }
}
