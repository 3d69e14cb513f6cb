//! Opened at the API of the forge.

use abide_forge::{ForgeError, Marker, Opened, Proposal, github, gitlab};
use anyhow::anyhow;

use super::form::ByHand;
use super::{Issue, PullRequest, PullRequests};

/// The two forges.
pub(super) enum Client {
    GitHub(github::Repository),
    GitLab(gitlab::Project),
}

/// With a token.
pub(super) struct Api {
    pub(super) client: Client,
    /// What a person can do where the forge refuses.
    pub(super) by_hand: ByHand,
}

impl PullRequests for Api {
    fn open(&self, pull: &PullRequest<'_>) -> anyhow::Result<String> {
        let PullRequest { branch, base, .. } = pull;
        let proposal = Proposal::new(pull.title, pull.body);
        let opened = match &self.client {
            Client::GitHub(repository) => repository.pull_request(branch, base, &proposal),
            Client::GitLab(project) => project.merge_request(branch, base, &proposal),
        };
        let name = match self.client {
            Client::GitHub(_) => "pull request",
            Client::GitLab(_) => "merge request",
        };
        match opened {
            Ok(opened) => Ok(said(name, &opened)),
            Err(error) => {
                let advice = self.advice_on_pull(&error, pull);
                let form = self.by_hand.pull_request(pull);
                Err(refused(&error, name, advice, form))
            }
        }
    }

    fn ask(&self, issue: &Issue<'_>) -> anyhow::Result<String> {
        let marker = Marker::new(issue.key);
        let opened = match &self.client {
            Client::GitHub(repository) => repository.issue(issue.title, issue.body, &marker),
            Client::GitLab(project) => project.issue(issue.title, issue.body, &marker),
        };
        opened
            .map(|opened| said("issue", &opened))
            .map_err(|error| {
                let advice = self.advice_on_issue(&error);
                refused(&error, "issue", advice, self.by_hand.issue(issue))
            })
    }
}

impl Api {
    fn advice_on_pull(&self, error: &ForgeError, pull: &PullRequest<'_>) -> Option<String> {
        let PullRequest { branch, base, .. } = pull;
        if error.is_denied() {
            let advice = match self.client {
                Client::GitHub(_) => {
                    "give it `pull-requests: write`; in GitHub Actions the repository's settings must also allow it to create pull requests"
                }
                Client::GitLab(_) => "it needs the scope `api` and the role Developer",
            };
            return Some(advice.to_owned());
        }
        if error.is_not_found() {
            return Some("is --repo right, and the token made for it?".to_owned());
        }
        error.is_conflict().then(|| {
            format!(
                "if {branch} was merged into {base} already, or was closed and is of no use, delete it at the forge and run this again"
            )
        })
    }

    fn advice_on_issue(&self, error: &ForgeError) -> Option<String> {
        if error.is_denied() {
            let advice = match self.client {
                Client::GitHub(_) => "give it `issues: write`",
                Client::GitLab(_) => "it needs the scope `api` and a role that may open issues",
            };
            return Some(advice.to_owned());
        }
        let not_there = error.is_not_found();
        not_there.then(|| {
            "is --repo right, the token made for it, and are issues switched on?".to_owned()
        })
    }
}

fn said(what: &str, opened: &Opened) -> String {
    match opened.is_new {
        true => format!("{what} opened: {}", opened.url),
        false => format!("{what} brought up to date: {}", opened.url),
    }
}

fn refused(
    error: &ForgeError,
    what: &str,
    advice: Option<String>,
    form: Option<String>,
) -> anyhow::Error {
    let advice = advice.map_or_else(String::new, |advice| format!("\n  {advice}"));
    let form = form.map_or_else(String::new, |form| {
        format!("\n  or open it yourself: {form}")
    });
    anyhow!("the {what} is not opened: {error}{advice}{form}")
}
