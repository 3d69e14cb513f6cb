//! Which forge and repository, and whether there is a token for it.

use abide_forge::environment::{Environment, Kind};
use abide_forge::{github, gitlab};

use super::PullRequests;
use super::api::{Api, Client};
use super::form::ByHand;
use super::remote::Remote;
use crate::ci;
use crate::cli::PlaceArgs;
use crate::commands::forge::{NoToken, connection, detected};

/// Where it is opened.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    kind: Kind,
    api_url: String,
    repository: String,
}

const UNKNOWN: &str =
    "where the API of `origin` is, is not known (name it with --forge, --api-url and --repo)";

/// With a token at the API, otherwise by hand.
pub(super) fn find(
    args: &PlaceArgs,
    remote: Option<Remote>,
) -> anyhow::Result<Box<dyn PullRequests>> {
    let server = ci::variable("GITHUB_SERVER_URL").or_else(|| ci::variable("CI_SERVER_URL"));
    let place = place(args, remote.as_ref(), detected(), server.as_deref());
    let mut by_hand = ByHand {
        why: UNKNOWN.to_owned(),
        kind: args.forge.map(Kind::from),
        remote,
    };
    let Some(place) = place else {
        return Ok(Box::new(by_hand));
    };
    by_hand.kind = Some(place.kind);
    let connection = match connection(place.kind, &place.api_url) {
        Err(error) if error.is::<NoToken>() => {
            by_hand.why = error.to_string();
            return Ok(Box::new(by_hand));
        }
        connection => connection?,
    };
    let client = match place.kind {
        Kind::GitHub => Client::GitHub(github::Repository::new(connection, &place.repository)?),
        Kind::GitLab => Client::GitLab(gitlab::Project::new(connection, &place.repository)?),
    };
    Ok(Box::new(Api { client, by_hand }))
}

/// Puts together what flags, the remote and the CI job say. A token is for one server, so that an
/// address of the API is never guessed from a host that only has a name like a forge's.
fn place(
    args: &PlaceArgs,
    remote: Option<&Remote>,
    detected: Option<Environment>,
    server: Option<&str>,
) -> Option<Place> {
    let named = args.forge.map(Kind::from);
    let server = server.and_then(Remote::host_of);
    // What a job says is of use if the repository is where the job is.
    let is_here = remote.is_none_or(|remote| server.as_ref() == Some(&remote.host));
    let in_ci = detected.filter(|found| is_here && named.is_none_or(|kind| kind == found.kind));
    let public = remote.and_then(|remote| match remote.host.as_str() {
        "github.com" => Some(Kind::GitHub),
        "gitlab.com" => Some(Kind::GitLab),
        _ => None,
    });
    let of_ci = in_ci.as_ref().map(|found| found.kind);
    let kind = named.or(of_ci).or(public)?;
    let is_public = public == Some(kind) || (remote.is_none() && args.repo.is_some());
    let api_url = args.api_url.clone();
    let api_url = api_url.or_else(|| in_ci.as_ref().map(|found| found.api_url.clone()));
    let api_url = api_url.or_else(|| is_public.then(|| Environment::outside(kind).api_url))?;
    let repository = args.repo.clone();
    let repository = repository.or_else(|| remote.map(|remote| remote.path.clone()));
    let repository = repository.or_else(|| in_ci.and_then(|found| found.repository))?;
    Some(Place {
        kind,
        api_url,
        repository,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Forge;

    fn args(forge: Option<Forge>, api_url: Option<&str>, repo: Option<&str>) -> PlaceArgs {
        PlaceArgs {
            forge,
            api_url: api_url.map(str::to_owned),
            repo: repo.map(str::to_owned),
        }
    }

    fn shown(args: &PlaceArgs, remote: &str, job: Option<(Kind, &str)>) -> String {
        let detected = job.map(|(kind, _)| Environment {
            api_url: "https://ci.example/api".to_owned(),
            repository: Some("job/repo".to_owned()),
            ..Environment::outside(kind)
        });
        let server = job.map(|(_, server)| server);
        match place(args, Remote::parse(remote).as_ref(), detected, server) {
            Some(place) => format!(
                "{} {} {}",
                place.kind.as_str(),
                place.api_url,
                place.repository
            ),
            None => "unknown".to_owned(),
        }
    }

    #[test]
    fn a_place_is_found_and_no_server_is_guessed() {
        let none = args(None, None, None);
        for (remote, job, expected) in [
            (
                "git@github.com:a/b.git",
                None,
                "GitHub https://api.github.com a/b",
            ),
            (
                "https://gitlab.com/a/b/c",
                None,
                "GitLab https://gitlab.com/api/v4 a/b/c",
            ),
            ("https://gitlab.evil.example/a/b", None, "unknown"),
            ("/srv/git/b.git", None, "unknown"),
            // The job's own repository, or another on its server.
            (
                "/srv/git/b.git",
                Some((Kind::GitHub, "https://ghe.example")),
                "GitHub https://ci.example/api job/repo",
            ),
            (
                "https://x:y@ghe.example/a/b",
                Some((Kind::GitHub, "https://ghe.example")),
                "GitHub https://ci.example/api a/b",
            ),
            (
                "https://gitlab.example/a/b",
                Some((Kind::GitLab, "https://gitlab.example")),
                "GitLab https://ci.example/api a/b",
            ),
            // A repository of elsewhere.
            (
                "https://gitlab.com/a/b",
                Some((Kind::GitHub, "https://ghe.example")),
                "GitLab https://gitlab.com/api/v4 a/b",
            ),
            (
                "https://other.example/a/b",
                Some((Kind::GitHub, "https://ghe.example")),
                "unknown",
            ),
        ] {
            assert_eq!(shown(&none, remote, job), expected, "{remote} {job:?}");
        }
    }

    #[test]
    fn flags_win() {
        let all = args(
            Some(Forge::Gitlab),
            Some("https://g.example/api/v4"),
            Some("7"),
        );
        let job = Some((Kind::GitHub, "https://github.com"));
        let expected = "GitLab https://g.example/api/v4 7";
        assert_eq!(shown(&all, "git@github.com:a/b.git", job), expected);
        let gitlab = args(Some(Forge::Gitlab), None, None);
        assert_eq!(
            shown(&gitlab, "git@gitlab.example:a/b.git", None),
            "unknown"
        );
        let repo = args(Some(Forge::Github), None, Some("a/b"));
        assert_eq!(
            shown(&repo, "/srv/x.git", None),
            "GitHub https://api.github.com a/b"
        );
    }
}
