//! Pull requests, merge requests and issues that we open.

use abide_forge::github::Repository;
use abide_forge::gitlab::Project;
use abide_forge::{ForgeError, Marker, Opened, Proposal};
use serde_json::json;

use crate::mock::github::{ACTIONS, Fault, GitHub, TOKEN};
use crate::mock::gitlab::{self, GitLab};
use crate::mock::server::Response;
use crate::{Still, connection};

const BRANCH: &str = "abide/adopt-prod-1a2b3c4d";

fn repository(github: &GitHub) -> Repository {
    let connection = connection(&github.url, TOKEN, &Still::default());
    Repository::new(connection, "acme/infra").unwrap()
}

fn pull(github: &GitHub, text: &str) -> Result<Opened, ForgeError> {
    repository(github).pull_request(BRANCH, "main", &Proposal::new("Adopt x in prod", text))
}

#[test]
fn a_pull_request_is_opened_once_and_brought_up_to_date() {
    let github = GitHub::start();
    let branches = |head: &str| Some((head.to_owned(), "main".to_owned()));
    github
        .state()
        .open("kenji", "another", "text", branches("another"));
    let first = pull(&github, "one").unwrap();
    assert!(first.is_new);
    assert_eq!(first.url, "https://github.com/acme/infra/pull/102");
    let second = pull(&github, "two").unwrap();
    assert_eq!((second.is_new, &second.url), (false, &first.url));
    {
        let state = github.state();
        let ours = &state.opened[1];
        assert_eq!((state.opened.len(), ours.body.as_str()), (2, "two"));
        assert_eq!(ours.title, "Adopt x in prod");
        assert_eq!(ours.branches, branches(BRANCH));
        assert_eq!(state.opened[0].body, "text", "another one is left alone");
    }
    // A closed one stays closed.
    github.state().opened[1].is_open = false;
    assert!(pull(&github, "three").unwrap().is_new);
    assert_eq!(github.state().opened[1].body, "two");
    github.assert_clean();
}

#[test]
fn a_lost_answer_opens_no_second_one() {
    for fault in [Fault::Lost, Fault::BadGateway] {
        let github = GitHub::start();
        github
            .state()
            .faults
            .push_back(("pulls/create", fault.clone()));
        let opened = pull(&github, "one").unwrap();
        assert_eq!(opened.url, "https://github.com/acme/infra/pull/101");
        github.state().faults.push_back(("issues/create", fault));
        issue(&github, "one").unwrap();
        assert_eq!(github.state().opened.len(), 2);
        github.assert_clean();
    }
}

#[test]
fn refusals_are_told_apart() {
    let github = GitHub::start();
    github.state().no_commits = true;
    let error = pull(&github, "one").unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let said = error.to_string();
    assert!(
        said.contains("No commits between main and abide/adopt"),
        "{said}"
    );
    github.state().read_only = true;
    assert!(pull(&github, "one").unwrap_err().is_denied());
    assert!(issue(&github, "one").unwrap_err().is_denied());
    github.state().read_only = false;
    let off = Response::new(
        410,
        json!({"message": "Issues has been disabled in this repository."}),
    );
    github
        .state()
        .faults
        .push_back(("issues/create", Fault::Answer(off)));
    let error = issue(&github, "one").unwrap_err();
    assert!(
        error.is_not_found() && error.to_string().contains("disabled"),
        "{error}"
    );
    assert!(github.state().opened.is_empty());
    github.assert_clean();
}

fn issue(github: &GitHub, text: &str) -> Result<Opened, ForgeError> {
    repository(github).issue("Revert drift in prod", text, &Marker::new("prod sha256:1"))
}

#[test]
fn there_is_one_issue_for_each_marker() {
    let github = GitHub::start();
    github.state().page = 2;
    for number in 0..5 {
        github
            .state()
            .open("kenji", &format!("issue {number}"), "", None);
    }
    let first = issue(&github, "one").unwrap();
    assert!(first.is_new);
    let marked = github.state().opened[5].body.clone();
    assert!(
        marked.starts_with("<!-- abide-issue:v1 ") && marked.ends_with("\none"),
        "{marked}"
    );
    let again = issue(&github, "two").unwrap();
    assert_eq!((again.is_new, &again.url), (false, &first.url));
    assert!(github.state().opened[5].body.ends_with("\ntwo"));
    let other = Marker::new("prod sha256:2");
    assert!(
        repository(&github)
            .issue("Revert drift in prod", "x", &other)
            .unwrap()
            .is_new
    );
    github.assert_clean();
}

/// Whoever owns an issue can write another command into it after it was read.
#[test]
fn an_issue_of_somebody_else_is_not_ours() {
    let github = GitHub::start();
    issue(&github, "one").unwrap();
    let marked = github.state().opened[0].body.clone();
    github.state().opened.clear();
    github
        .state()
        .open("mallory", "Revert drift in prod", &marked, None);
    // A pull request is none, whoever wrote it.
    let branches = Some(("x".to_owned(), "main".to_owned()));
    github
        .state()
        .open(ACTIONS, "a pull request", &marked, branches);
    assert!(issue(&github, "two").unwrap().is_new);
    let state = github.state();
    assert_eq!(
        (&state.opened[0].body, &state.opened[1].body),
        (&marked, &marked)
    );
    assert!(state.opened[2].body.ends_with("two"));
    drop(state);
    github.assert_clean();
}

fn project(server: &GitLab, token: &str) -> Project {
    Project::new(
        connection(&server.url, token, &Still::default()),
        "acme/infra",
    )
    .unwrap()
}

#[test]
fn gitlab_has_merge_requests_and_issues() {
    let server = GitLab::start();
    let project = project(&server, gitlab::TOKEN);
    let merge = |text: &str| {
        project
            .merge_request(BRANCH, "main", &Proposal::new("Adopt x in prod", text))
            .unwrap()
    };
    // A fork's branch of the same name.
    let fork = json!({
        "iid": 9, "state": "opened", "project_id": 7, "source_project_id": 8, "description": "theirs",
        "web_url": "https://gitlab.example/x", "source_branch": BRANCH, "title": "x", "author": {"username": "mallory"},
    });
    server.state().merge_requests.push(fork);
    server.state().lose = true;
    let first = merge("one");
    assert_eq!(
        first.url,
        "https://gitlab.example/acme/infra/-/merge_requests/2"
    );
    let again = merge("two");
    assert_eq!((again.is_new, &again.url), (false, &first.url));
    {
        let mut state = server.state();
        assert_eq!(state.merge_requests.len(), 2);
        assert_eq!(state.merge_requests[1]["description"], "two");
        assert_eq!(state.merge_requests[1]["target_branch"], "main");
        assert_eq!(state.merge_requests[0]["description"], "theirs");
        state.merge_requests[1]["state"] = json!("closed");
    }
    assert!(merge("three").is_new);

    let marker = Marker::new("prod sha256:1");
    let issue = |text: &str| {
        project
            .issue("Revert drift in prod", text, &marker)
            .unwrap()
    };
    assert!(issue("one").is_new && !issue("two").is_new);
    let stolen = server.state().issues[0]["description"].clone();
    assert!(stolen.as_str().unwrap().ends_with("two"));
    server.state().issues[0]["author"] = json!({"username": "mallory"});
    assert!(issue("three").is_new);
    assert_eq!(server.state().issues[0]["description"], stolen);
}
