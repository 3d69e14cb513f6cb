//! `--pr`: a branch at a bare repository, and what is opened at a forge.

use std::fs;
use std::process::Command;

use super::{BASTION, KEY, Stand, digest, improving};
use crate::command::{Ran, git};
use crate::forge_mock::github::{GitHub, TOKEN};
use crate::forge_mock::gitlab::{self, GitLab};

const ADOPT: [&str; 5] = ["remedy", "prod", KEY, "--adopt", "--pr"];
const REVERT: [&str; 5] = ["remedy", "prod", BASTION, "--revert", "--pr"];

/// A stand whose folder is a repository with a bare one as its `origin`.
struct Shared(Stand);

impl Shared {
    fn new(stand: Stand) -> Self {
        let shared = Self(stand);
        let root = shared.0.0.path();
        fs::create_dir(shared.0.at("remote.git")).unwrap();
        git(
            &shared.0.at("remote.git"),
            &["init", "--bare", "--quiet", "-b", "main"],
        );
        git(root, &["init", "--quiet", "-b", "main"]);
        git(root, &["add", "infra", "abide.toml"]);
        git(root, &["commit", "--quiet", "-m", "first"]);
        git(root, &["remote", "add", "origin", "remote.git"]);
        git(root, &["push", "--quiet", "origin", "main"]);
        shared
    }

    fn read(&self, folder: &str, arguments: &[&str]) -> String {
        let ran = Command::new("git")
            .args(arguments)
            .current_dir(self.0.at(folder))
            .output();
        String::from_utf8(ran.unwrap().stdout)
            .unwrap()
            .trim()
            .to_owned()
    }

    /// The one branch of a remedy at `origin`.
    fn branch(&self) -> String {
        let branches = self.read(
            "remote.git",
            &["branch", "--list", "--format=%(refname:short)", "abide/*"],
        );
        assert_eq!(branches.lines().count(), 1, "{branches}");
        branches
    }

    /// In a job of GitHub Actions, where git has no name.
    fn on_github(&self, github: &GitHub, arguments: &[&str]) -> Ran {
        let ran = self.0.drift_with(
            &[
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_API_URL", &github.url),
                ("GITHUB_SERVER_URL", "https://github.com"),
                ("GITHUB_REPOSITORY", "acme/infra"),
                ("GITHUB_TOKEN", TOKEN),
                ("HOME", "/nowhere"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
            ],
            arguments,
        );
        assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));
        ran
    }
}

#[track_caller]
fn says(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{word}\n{}", ran.stderr);
    }
}

#[test]
fn a_pull_request_is_a_branch_of_its_own() {
    let shared = Shared::new(improving());
    let ran = shared.0.drift(&ADOPT);
    says(
        &ran,
        0,
        &[
            "pushed abide/adopt-prod-",
            "open the pull request yourself: branch abide/adopt-prod-",
        ],
    );
    let branch = shared.branch();
    let text = shared.read("remote.git", &["show", &format!("{branch}:infra/main.tf")]);
    assert!(text.contains("enable_key_rotation = true"), "{text}");
    let message = shared.read("remote.git", &["log", "-1", "--format=%B", &branch]);
    assert!(
        message.starts_with("Adopt aws_kms_key.ledger in prod\n\nThe source now"),
        "{message}"
    );
    assert!(message.contains("no policy breaks"), "{message}");
    // Where one works, nothing changed.
    let source = fs::read_to_string(shared.0.at("infra/main.tf")).unwrap();
    assert!(source.contains("enable_key_rotation = false"));
    assert_eq!(
        shared.read(".", &["branch", "--format=%(refname:short)"]),
        "main"
    );
    assert_eq!(shared.read(".", &["worktree", "list"]).lines().count(), 1);
    // Once more, it is there.
    let commit = shared.read("remote.git", &["rev-parse", &branch]);
    says(
        &shared.0.drift(&ADOPT),
        0,
        &["was pushed before, with the same edits"],
    );
    assert_eq!(shared.read("remote.git", &["rev-parse", &branch]), commit);
    fs::write(shared.0.at("infra/main.tf"), format!("{source}\n# mine\n")).unwrap();
    shared.0.refused(&ADOPT, "has uncommitted changes");
}

#[test]
fn without_a_token_a_line_says_why_and_where() {
    let shared = Shared::new(Stand::bastion());
    let root = shared.0.0.path();
    git(
        root,
        &[
            "remote",
            "set-url",
            "origin",
            "https://u:secret@github.com/acme/infra.git",
        ],
    );
    let ran = shared.0.drift(&REVERT);
    says(
        &ran,
        0,
        &[
            "no token for GitHub: set GITHUB_TOKEN or GH_TOKEN; open the issue yourself: https://github.com/acme/infra/issues/new?title=Revert%20drift%20in%20prod",
        ],
    );
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    // A token goes to no server that only has such a name.
    git(
        root,
        &[
            "remote",
            "set-url",
            "origin",
            "https://github.example/acme/infra.git",
        ],
    );
    let ran = shared.0.drift_with(&[("GITHUB_TOKEN", TOKEN)], &REVERT);
    says(
        &ran,
        0,
        &["--api-url", "https://github.example/acme/infra/issues/new?"],
    );
    let flag = shared
        .0
        .drift(&["remedy", "prod", BASTION, "--revert", "--repo", "a/b"]);
    assert!(flag.stderr.contains("--pr"), "{}", flag.stderr);
}

#[test]
fn github_gets_one_pull_request_of_an_adoption() {
    let (shared, github) = (Shared::new(improving()), GitHub::start());
    let ran = shared.on_github(&github, &ADOPT);
    says(
        &ran,
        0,
        &["pull request opened: https://github.com/acme/infra/pull/101"],
    );
    let branch = shared.branch();
    {
        let mut state = github.state();
        let pull = &mut state.opened[0];
        assert_eq!(pull.title, "Adopt aws_kms_key.ledger in prod");
        assert_eq!(pull.branches, Some((branch, "main".to_owned())));
        assert!(
            pull.body.starts_with("The source now says what is there."),
            "{}",
            pull.body
        );
        assert!(pull.body.contains("enable_key_rotation"), "{}", pull.body);
        pull.body = "old".to_owned();
    }
    // Jobs check out a commit, not a branch; the pull request is found and brought up to date.
    git(shared.0.0.path(), &["checkout", "--quiet", "--detach"]);
    let ran = shared.on_github(&github, &ADOPT);
    says(
        &ran,
        0,
        &[
            "was pushed before",
            "pull request brought up to date: https://github.com/acme/infra/pull/101",
        ],
    );
    assert_eq!(github.state().opened.len(), 1);
    assert_ne!(github.state().opened[0].body, "old");
    // It was closed; one to be opened goes into the default branch.
    github.state().opened[0].is_open = false;
    says(
        &shared.on_github(&github, &ADOPT),
        0,
        &["pull request opened"],
    );
    assert_eq!(
        github.state().opened[1].branches.as_ref().unwrap().1,
        "main"
    );
    github.assert_clean();
}

#[test]
fn a_refusal_says_what_to_do_and_the_next_run_goes_on() {
    let (shared, github) = (Shared::new(improving()), GitHub::start());
    github.state().read_only = true;
    let ran = shared.on_github(&github, &ADOPT);
    says(
        &ran,
        2,
        &[
            "pushed abide/adopt-prod-",
            "the token may not do this",
            "`pull-requests: write`",
        ],
    );
    github.state().read_only = false;
    github.state().no_commits = true;
    let ran = shared.on_github(&github, &ADOPT);
    says(
        &ran,
        2,
        &[
            "No commits between main and abide/adopt-prod-",
            "delete it at the forge",
        ],
    );
    github.state().no_commits = false;
    says(
        &shared.on_github(&github, &ADOPT),
        0,
        &["pull request opened"],
    );
    github.assert_clean();
}

#[test]
fn what_it_goes_into_is_at_origin_and_the_branch_holds_what_was_proven() {
    let shared = Shared::new(improving());
    let root = shared.0.0.path();
    git(root, &["checkout", "--quiet", "-b", "mine"]);
    shared.0.refused(&ADOPT, "origin has no branch `mine`");
    git(root, &["push", "--quiet", "origin", "mine"]);
    says(&shared.0.drift(&ADOPT), 0, &["pushed"]);
    // Somebody puts something else on the branch.
    let branch = shared.branch();
    git(root, &["fetch", "--quiet", "origin", &branch]);
    git(root, &["checkout", "--quiet", "FETCH_HEAD"]);
    fs::write(shared.0.at("infra/main.tf"), "# nothing\n").unwrap();
    git(root, &["commit", "--quiet", "-am", "other"]);
    git(
        root,
        &[
            "push",
            "--quiet",
            "origin",
            &format!("HEAD:refs/heads/{branch}"),
        ],
    );
    git(root, &["checkout", "--quiet", "mine"]);
    shared
        .0
        .refused(&ADOPT, "somebody changed infra/main.tf on it");
}

#[test]
fn a_revert_asks_for_approval_in_one_issue() {
    let (shared, github) = (Shared::new(Stand::bastion()), GitHub::start());
    let ran = shared.on_github(&github, &REVERT);
    says(
        &ran,
        0,
        &["issue opened: https://github.com/acme/infra/issues/101"],
    );
    {
        let state = github.state();
        let issue = &state.opened[0];
        assert_eq!(
            issue.title,
            "Revert drift in prod: aws_security_group.bastion"
        );
        let command = format!(
            "\n    abide drift apply-revert prod --plan-digest {}\n",
            digest(&ran.stdout)
        );
        assert!(issue.body.contains(&command), "{}", issue.body);
        assert!(
            issue
                .body
                .contains("- update `aws_security_group.bastion`: `ingress`"),
            "{}",
            issue.body
        );
    }
    // Another file of the same plan: the request stays one, and names the newer digest.
    let script = fs::read_to_string(shared.0.at("terraform")).unwrap();
    let newer = script.replace(
        "echo \"${kind:-full}\"",
        "printf '%s\\n\\n' \"${kind:-full}\"",
    );
    fs::write(shared.0.at("terraform"), newer).unwrap();
    let first = digest(&ran.stdout);
    let ran = shared.on_github(&github, &REVERT);
    says(
        &ran,
        0,
        &["issue brought up to date: https://github.com/acme/infra/issues/101"],
    );
    assert_ne!(digest(&ran.stdout), first);
    assert!(github.state().opened[0].body.contains(&digest(&ran.stdout)));
    assert_eq!(github.state().opened.len(), 1);
    assert_eq!(
        shared.read("remote.git", &["branch", "--format=%(refname:short)"]),
        "main"
    );
    github.state().read_only = true;
    says(&shared.on_github(&github, &REVERT), 2, &["`issues: write`"]);
    github.assert_clean();
}

#[test]
fn gitlab_gets_a_merge_request_and_an_issue() {
    let server = GitLab::start();
    let place = [
        "--forge",
        "gitlab",
        "--api-url",
        &server.url,
        "--repo",
        "acme/infra",
    ];
    let token = [("GITLAB_TOKEN", gitlab::TOKEN)];
    let shared = Shared::new(improving());
    for word in ["opened", "brought up to date"] {
        let ran = shared.0.drift_with(&token, &[&ADOPT[..], &place].concat());
        let url = "https://gitlab.example/acme/infra/-/merge_requests/1";
        says(&ran, 0, &[&format!("merge request {word}: {url}")]);
    }
    let shared = Shared::new(Stand::bastion());
    for word in ["opened", "brought up to date"] {
        let ran = shared.0.drift_with(&token, &[&REVERT[..], &place].concat());
        let url = "https://gitlab.example/acme/infra/-/issues/1";
        says(&ran, 0, &[&format!("issue {word}: {url}")]);
    }
    let wrong = shared.0.drift_with(
        &[("GITLAB_TOKEN", "glpat-wrong")],
        &[&REVERT[..], &place].concat(),
    );
    says(&wrong, 2, &["the token is refused"]);
    assert!(!wrong.stderr.contains("glpat"), "{}", wrong.stderr);
    let state = server.state();
    assert_eq!(state.merge_requests[0]["target_branch"], "main");
    assert_eq!((state.merge_requests.len(), state.issues.len()), (1, 1));
}
