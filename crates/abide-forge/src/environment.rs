//! What a CI system says of the pull request it runs for.

use serde_json::Value;

use crate::comment::CiRun;
use crate::{github, gitlab};

/// Which forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
}

impl Kind {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
        }
    }

    /// Variables that may hold the token, the first that is set counts.
    #[must_use]
    pub fn token_variables(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &["GITHUB_TOKEN", "GH_TOKEN"],
            Self::GitLab => &["GITLAB_TOKEN"],
        }
    }
}

/// The pull request of a CI job, as far as the job knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The forge.
    pub kind: Kind,
    /// Address of its API.
    pub api_url: String,
    /// `OWNER/NAME` on GitHub, number or path of the project on GitLab.
    pub repository: Option<String>,
    /// The number; `None` if the job runs for none.
    pub number: Option<u64>,
    /// The commit at the head of its branch when the job began.
    pub head: Option<String>,
    /// The run.
    pub ci: Option<CiRun>,
    /// Where the run is to be seen.
    pub run_url: Option<String>,
    /// Where the pull request is to be seen.
    pub url: String,
    /// Whether its branch is in a fork, whose jobs may not write.
    pub is_fork: bool,
}

type Get<'g> = &'g dyn Fn(&str) -> Option<String>;

impl Environment {
    /// Reads the variables of GitHub Actions or GitLab CI; `event` reads the JSON file that
    /// `GITHUB_EVENT_PATH` names. `None` outside of both.
    #[must_use]
    pub fn detect(get: Get<'_>, event: &dyn Fn(&str) -> Option<Value>) -> Option<Self> {
        if get("GITHUB_ACTIONS").is_some() {
            let event = get("GITHUB_EVENT_PATH").and_then(|path| event(&path));
            return Some(github(get, &event.unwrap_or_default()));
        }
        get("GITLAB_CI").map(|_| gitlab(get))
    }

    /// What is known of a forge outside of its CI: nothing but its usual address.
    #[must_use]
    pub fn outside(kind: Kind) -> Self {
        let api_url = match kind {
            Kind::GitHub => github::PUBLIC,
            Kind::GitLab => gitlab::PUBLIC,
        };
        Self {
            kind,
            api_url: api_url.to_owned(),
            repository: None,
            number: None,
            head: None,
            ci: None,
            run_url: None,
            url: String::new(),
            is_fork: false,
        }
    }
}

fn github(get: Get<'_>, event: &Value) -> Environment {
    let pull = &event["pull_request"];
    let run = &event["workflow_run"];
    let number = pull["number"]
        .as_u64()
        .or_else(|| run["pull_requests"][0]["number"].as_u64())
        .or_else(|| of_ref(&get("GITHUB_REF")?));
    let head = pull["head"]["sha"].as_str();
    let head = head.or_else(|| run["head_sha"].as_str().filter(|_| number.is_some()));
    let name = |side: &str| pull[side]["repo"]["full_name"].as_str();
    let repository = get("GITHUB_REPOSITORY");
    let server = get("GITHUB_SERVER_URL");
    let page = match (&server, &repository) {
        (Some(server), Some(repository)) => Some(format!("{server}/{repository}")),
        _ => None,
    };
    let id = get("GITHUB_RUN_ID");
    Environment {
        api_url: get("GITHUB_API_URL").unwrap_or_else(|| github::PUBLIC.to_owned()),
        number,
        head: head.map(str::to_owned),
        ci: id.as_ref().and_then(|id| {
            Some(CiRun {
                id: id.parse().ok()?,
                attempt: number_of(get, "GITHUB_RUN_ATTEMPT").unwrap_or(1),
            })
        }),
        run_url: page
            .zip(id)
            .map(|(page, id)| format!("{page}/actions/runs/{id}")),
        url: pull["html_url"].as_str().unwrap_or_default().to_owned(),
        // The repository of a deleted fork is null.
        is_fork: pull.is_object() && name("head") != name("base"),
        repository,
        ..Environment::outside(Kind::GitHub)
    }
}

/// `refs/pull/12/merge`
fn of_ref(name: &str) -> Option<u64> {
    name.strip_prefix("refs/pull/")?
        .split('/')
        .next()?
        .parse()
        .ok()
}

fn number_of(get: Get<'_>, name: &str) -> Option<u64> {
    get(name)?.parse().ok()
}

fn gitlab(get: Get<'_>) -> Environment {
    let number = number_of(get, "CI_MERGE_REQUEST_IID");
    let project = get("CI_MERGE_REQUEST_PROJECT_ID");
    let source = get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
    let page = get("CI_MERGE_REQUEST_PROJECT_URL");
    let url = page
        .zip(number)
        .map(|(page, n)| format!("{page}/-/merge_requests/{n}"));
    Environment {
        api_url: get("CI_API_V4_URL").unwrap_or_else(|| gitlab::PUBLIC.to_owned()),
        number,
        // In a pipeline of merged results the commit is not the branch's.
        head: get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").or_else(|| get("CI_COMMIT_SHA")),
        ci: number_of(get, "CI_PIPELINE_ID").map(|id| CiRun {
            id,
            attempt: number_of(get, "CI_JOB_ID").unwrap_or(0),
        }),
        run_url: get("CI_JOB_URL"),
        url: url.unwrap_or_default(),
        is_fork: source.is_some() && source != project,
        repository: project.or_else(|| get("CI_PROJECT_ID")),
        ..Environment::outside(Kind::GitLab)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn detect(variables: &[(&str, &str)], event: &Value) -> Option<Environment> {
        let get = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Environment::detect(&get, &|path| (path == "event.json").then(|| event.clone()))
    }

    const GITHUB: &[(&str, &str)] = &[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_API_URL", "https://ghe.example/api/v3"),
        ("GITHUB_SERVER_URL", "https://ghe.example"),
        ("GITHUB_REPOSITORY", "acme/infra"),
        ("GITHUB_RUN_ID", "77"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_EVENT_PATH", "event.json"),
        ("GITHUB_SHA", "the merge commit"),
    ];

    #[test]
    fn github_s_pull_request() {
        let event = json!({"pull_request": {
            "number": 12,
            "html_url": "https://ghe.example/acme/infra/pull/12",
            "head": {"sha": "abc", "repo": {"full_name": "mallory/infra"}},
            "base": {"repo": {"full_name": "acme/infra"}},
        }});
        let found = detect(GITHUB, &event).unwrap();
        assert_eq!(found.number, Some(12));
        assert_eq!(found.head.as_deref(), Some("abc"), "not the merge commit");
        assert_eq!(found.ci, Some(CiRun { id: 77, attempt: 2 }));
        assert_eq!(found.api_url, "https://ghe.example/api/v3");
        let run = "https://ghe.example/acme/infra/actions/runs/77";
        assert_eq!(found.run_url.as_deref(), Some(run));
        assert!(found.is_fork);
    }

    #[test]
    fn other_events_of_github() {
        let push = detect(GITHUB, &json!({"ref": "refs/heads/main"})).unwrap();
        assert_eq!((push.number, push.head, push.is_fork), (None, None, false));
        let run = json!({"workflow_run": {"head_sha": "abc", "pull_requests": [{"number": 3}]}});
        let run = detect(GITHUB, &run).unwrap();
        assert_eq!((run.number, run.head.as_deref()), (Some(3), Some("abc")));
        let mut without = GITHUB.to_vec();
        without.retain(|(name, _)| *name != "GITHUB_EVENT_PATH");
        without.push(("GITHUB_REF", "refs/pull/4/merge"));
        assert_eq!(detect(&without, &Value::Null).unwrap().number, Some(4));
    }

    #[test]
    fn gitlab_s_merge_request() {
        let found = detect(
            &[
                ("GITLAB_CI", "true"),
                ("CI_API_V4_URL", "https://gitlab.example/api/v4"),
                ("CI_PROJECT_ID", "9"),
                ("CI_MERGE_REQUEST_IID", "12"),
                ("CI_MERGE_REQUEST_PROJECT_ID", "7"),
                (
                    "CI_MERGE_REQUEST_PROJECT_URL",
                    "https://gitlab.example/acme/infra",
                ),
                ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "9"),
                ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "abc"),
                ("CI_COMMIT_SHA", "merged"),
                ("CI_PIPELINE_ID", "70"),
                ("CI_JOB_ID", "700"),
            ],
            &Value::Null,
        )
        .unwrap();
        assert_eq!(
            found.repository.as_deref(),
            Some("7"),
            "the request is in the target"
        );
        assert_eq!(found.head.as_deref(), Some("abc"));
        assert_eq!(
            found.url,
            "https://gitlab.example/acme/infra/-/merge_requests/12"
        );
        assert!(found.is_fork);
        assert_eq!(detect(&[], &Value::Null), None);
    }
}
