//! What GitHub Actions and GitLab CI say in their variables.

use std::env;

use abide_store::RunContext;

/// Reads a variable of the environment; it is passed in, so that tests need none.
pub(crate) type Get<'g> = &'g dyn Fn(&str) -> Option<String>;

/// A variable that is set to something.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Who runs this, and for which commit.
pub(crate) fn run(get: Get<'_>) -> RunContext {
    let github = get("GITHUB_ACTIONS").is_some();
    let pull_request = if github {
        get("GITHUB_REF").and_then(|name| {
            let number = name.strip_prefix("refs/pull/")?.split('/').next()?;
            Some(number.to_owned())
        })
    } else {
        get("CI_MERGE_REQUEST_IID")
    };
    let ci_run = if github {
        let parts = (
            get("GITHUB_SERVER_URL"),
            get("GITHUB_REPOSITORY"),
            get("GITHUB_RUN_ID"),
        );
        match parts {
            (Some(server), Some(repository), Some(run)) => {
                Some(format!("{server}/{repository}/actions/runs/{run}"))
            }
            _ => None,
        }
    } else {
        get("CI_JOB_URL")
    };
    let either = |on_github: &str, on_gitlab: &str| get(if github { on_github } else { on_gitlab });
    RunContext {
        actor: either("GITHUB_ACTOR", "GITLAB_USER_LOGIN"),
        repository: either("GITHUB_REPOSITORY", "CI_PROJECT_PATH"),
        commit: either("GITHUB_SHA", "CI_COMMIT_SHA"),
        branch: either("GITHUB_REF_NAME", "CI_COMMIT_REF_NAME"),
        pull_request,
        ci_run,
        ..RunContext::default()
    }
}

/// Where the scanned commit can be looked at.
pub(crate) fn permalink_base(get: Get<'_>) -> Option<String> {
    let github = || {
        let (server, repository) = (get("GITHUB_SERVER_URL")?, get("GITHUB_REPOSITORY")?);
        Some(format!("{server}/{repository}/blob/{}", get("GITHUB_SHA")?))
    };
    let gitlab = || {
        Some(format!(
            "{}/-/blob/{}",
            get("CI_PROJECT_URL")?,
            get("CI_COMMIT_SHA")?
        ))
    };
    github()
        .or_else(gitlab)
        .filter(|base| base.starts_with("https://") || base.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(variables: &[(&str, &str)]) -> Option<String> {
        permalink_base(&|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn ci_says_where_the_commit_is() {
        assert_eq!(
            base(&[
                ("GITHUB_SERVER_URL", "https://github.com"),
                ("GITHUB_REPOSITORY", "o/r"),
                ("GITHUB_SHA", "abc"),
            ])
            .unwrap(),
            "https://github.com/o/r/blob/abc"
        );
        assert_eq!(
            base(&[
                ("CI_PROJECT_URL", "https://gitlab.com/o/r"),
                ("CI_COMMIT_SHA", "abc"),
            ])
            .unwrap(),
            "https://gitlab.com/o/r/-/blob/abc"
        );
        assert_eq!(base(&[("GITHUB_REPOSITORY", "o/r")]), None);
        assert_eq!(
            base(&[("CI_PROJECT_URL", "javascript:x"), ("CI_COMMIT_SHA", "abc")]),
            None
        );
    }

    #[test]
    fn github_and_gitlab_say_who_and_what() {
        let github = run(&|name| {
            Some(match name {
                "GITHUB_ACTIONS" => "true".to_owned(),
                "GITHUB_REF" => "refs/pull/42/merge".to_owned(),
                "GITHUB_SHA" => "abc".to_owned(),
                other => other.to_lowercase(),
            })
        });
        assert_eq!(github.pull_request.as_deref(), Some("42"));
        assert_eq!(github.commit.as_deref(), Some("abc"));
        let gitlab = run(&|name| (name == "CI_MERGE_REQUEST_IID").then(|| "7".to_owned()));
        assert_eq!(gitlab.pull_request.as_deref(), Some("7"));
        assert_eq!(run(&|_| None), RunContext::default());
    }
}
