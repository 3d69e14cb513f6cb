//! Which pull request, and with which token.

use std::process::Command;

use abide_forge::environment::{Environment, Kind};
use abide_forge::github::PullRequest;
use abide_forge::gitlab::MergeRequest;
use anyhow::bail;

use crate::cli::PrCommentArgs;
use crate::commands::forge::{connection, detected};

/// A pull request to talk to.
pub(super) enum Request {
    GitHub(PullRequest),
    GitLab(MergeRequest),
}

/// What is known of the pull request.
pub(super) enum Found {
    There(Environment),
    /// The job of this forge runs for something else, such as a push.
    NoPullRequest(&'static str),
}

/// The forge that is named, or whose CI this is, or GitHub.
pub(super) fn kind(args: &PrCommentArgs) -> Kind {
    match args.forge {
        Some(forge) => forge.into(),
        None => detected().map_or(Kind::GitHub, |found| found.kind),
    }
}

/// Puts together what the CI job says and what flags say; flags win.
pub(super) fn find(args: &PrCommentArgs) -> anyhow::Result<Found> {
    let kind = kind(args);
    // What a job of GitLab says is no use for GitHub.
    let detected = detected().filter(|found| found.kind == kind);
    let in_ci = detected.is_some();
    let mut found = detected.unwrap_or_else(|| Environment::outside(kind));
    if args.pr.is_some_and(|number| found.number != Some(number)) {
        // Another pull request has another commit.
        found.head = None;
        found.is_fork = false;
        found.url.clear();
    }
    found.number = args.pr.or(found.number);
    found.repository = args.repo.clone().or(found.repository);
    found.head = args.commit.clone().or(found.head);
    found.ci = args.run_id.or(found.ci);
    found.run_url = args.run_url.clone().or(found.run_url);
    if let Some(url) = &args.api_url {
        found.api_url.clone_from(url);
    }
    match (found.number, &found.repository) {
        (Some(_), Some(_)) => Ok(Found::There(found)),
        (None, _) if in_ci || args.dry_run => Ok(Found::NoPullRequest(kind.as_str())),
        (None, _) => bail!(
            "which pull request? name it with --forge, --repo and --pr; in GitHub Actions and GitLab CI they are known"
        ),
        (_, None) => bail!("which repository? name it with --repo"),
    }
}

/// The commit in the current folder, if git knows one.
pub(super) fn checked_out() -> Option<String> {
    let ran = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .output()
        .ok()?;
    let commit = String::from_utf8(ran.stdout).ok()?;
    ran.status.success().then(|| commit.trim().to_owned())
}

/// Connects to the pull request.
pub(super) fn connect(args: &PrCommentArgs, place: &Environment) -> anyhow::Result<Request> {
    let connection = connection(place.kind, &place.api_url)?;
    let (Some(repository), Some(number)) = (&place.repository, place.number) else {
        bail!("which pull request? name it with --repo and --pr");
    };
    Ok(match place.kind {
        Kind::GitHub => Request::GitHub(
            PullRequest::new(connection, repository, number)?.by(args.author.clone()),
        ),
        Kind::GitLab => Request::GitLab(MergeRequest::new(
            connection, repository, number, &place.url,
        )?),
    })
}
