//! Forms in which a person opens it, filled in.

use abide_forge::environment::Kind;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::remote::Remote;
use super::{Issue, PullRequest, PullRequests};

/// Browsers and hosts take no longer addresses.
const LONGEST: usize = 6_000;

/// A person opens it.
pub(super) struct ByHand {
    /// Why it is not opened at once.
    pub(super) why: String,
    pub(super) kind: Option<Kind>,
    pub(super) remote: Option<Remote>,
}

impl PullRequests for ByHand {
    fn open(&self, pull: &PullRequest<'_>) -> anyhow::Result<String> {
        let branch = pull.branch;
        let place = self.pull_request(pull);
        let place = place.unwrap_or_else(|| format!("branch {branch} of origin"));
        Ok(format!(
            "{}; open the pull request yourself: {place}",
            self.why
        ))
    }

    fn ask(&self, issue: &Issue<'_>) -> anyhow::Result<String> {
        let place = self.issue(issue);
        let place =
            place.unwrap_or_else(|| format!("titled `{}`, with the text above", issue.title));
        Ok(format!("{}; open the issue yourself: {place}", self.why))
    }
}

impl ByHand {
    /// The form for a pull request, if the host is known.
    pub(super) fn pull_request(&self, pull: &PullRequest<'_>) -> Option<String> {
        let Remote { host, path } = self.remote.as_ref()?;
        let PullRequest { base, branch, .. } = pull;
        let address = match self.is_gitlab() {
            true => format!(
                "https://{host}/{path}/-/merge_requests/new?merge_request%5Bsource_branch%5D={branch}&merge_request%5Btarget_branch%5D={base}&"
            ),
            false => format!("https://{host}/{path}/compare/{base}...{branch}?expand=1&"),
        };
        // If the text has no room: it is in the commit too.
        Some(self.filled(&address, "merge_request", pull.title, pull.body))
    }

    /// The form for an issue, if the host is known.
    pub(super) fn issue(&self, issue: &Issue<'_>) -> Option<String> {
        let Remote { host, path } = self.remote.as_ref()?;
        let address = match self.is_gitlab() {
            true => format!("https://{host}/{path}/-/issues/new?"),
            false => format!("https://{host}/{path}/issues/new?"),
        };
        Some(self.filled(&address, "issue", issue.title, issue.body))
    }

    fn is_gitlab(&self) -> bool {
        let by_name = self
            .remote
            .as_ref()
            .is_some_and(|r| r.host.contains("gitlab"));
        self.kind.map_or(by_name, |kind| kind == Kind::GitLab)
    }

    fn filled(&self, address: &str, what: &str, title: &str, body: &str) -> String {
        let names = match self.is_gitlab() {
            true => (
                format!("{what}%5Btitle%5D"),
                format!("{what}%5Bdescription%5D"),
            ),
            false => ("title".to_owned(), "body".to_owned()),
        };
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let titled = format!("{address}{}={}", names.0, encoded(title));
        let whole = format!("{titled}&{}={}", names.1, encoded(body));
        if whole.len() > LONGEST { titled } else { whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form_of(remote: &str, body: &str) -> (Option<String>, Option<String>) {
        let by_hand = ByHand {
            why: String::new(),
            kind: None,
            remote: Remote::parse(remote),
        };
        let title = "Revert a&b";
        let pull = PullRequest {
            branch: "abide/x",
            base: "main",
            title,
            body,
        };
        let key = "";
        (
            by_hand.pull_request(&pull),
            by_hand.issue(&Issue { title, body, key }),
        )
    }

    #[test]
    fn forms_are_where_people_open_them_and_hold_no_credentials() {
        let github = "https://github.com/northbank/infra/compare/main...abide/x?expand=1&title=Revert%20a%26b&body=c";
        let remote = "https://user:secret@github.com/northbank/infra";
        let (pull, issue) = form_of(remote, "c");
        assert_eq!(pull.as_deref(), Some(github));
        let github = "https://github.com/northbank/infra/issues/new?title=Revert%20a%26b&body=c";
        assert_eq!(issue.as_deref(), Some(github));
        let (pull, issue) = form_of("git@gitlab.example.com:a/b/c.git", "c");
        assert!(
            pull.unwrap()
                .starts_with("https://gitlab.example.com/a/b/c/-/merge_requests/new?")
        );
        let gitlab = "https://gitlab.example.com/a/b/c/-/issues/new?issue%5Btitle%5D=Revert%20a%26b&issue%5Bdescription%5D=c";
        assert_eq!(issue.as_deref(), Some(gitlab));
        let (long, _) = form_of("git@github.com:a/b.git", &"x".repeat(10_000));
        assert!(long.unwrap().ends_with("Revert%20a%26b"));
        assert_eq!(form_of("/srv/git/infra.git", "c"), (None, None));
    }
}
