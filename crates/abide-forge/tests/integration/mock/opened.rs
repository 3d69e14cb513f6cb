//! Pull requests and issues of the repository on GitHub.

use serde_json::{Value, json};

use super::github::{Opened, State, json_user, not_found};
use super::openapi::{self, Call};
use super::server::{Request, Response};

impl State {
    pub(crate) fn open(
        &mut self,
        login: &str,
        title: &str,
        body: &str,
        branches: Option<(String, String)>,
    ) {
        self.next += 1;
        self.opened.push(Opened {
            number: 100 + self.next,
            login: login.to_owned(),
            title: title.to_owned(),
            body: body.to_owned(),
            branches,
            is_open: true,
        });
    }

    pub(super) fn opened(&mut self, call: &Call, request: &Request, host: &str) -> Response {
        let body = request.body.clone().unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        match call.operation {
            "pulls/list" => {
                let head = request.query.get("head");
                let wanted = |pull: &&Opened| {
                    let of = pull
                        .branches
                        .as_ref()
                        .map(|(head, _)| format!("acme:{head}"));
                    pull.is_open
                        && of.is_some()
                        && head.is_none_or(|head| of.as_ref() == Some(head))
                };
                let all: Vec<Value> = self.opened.iter().filter(wanted).map(simple).collect();
                self.page(&all, request, host)
            }
            // GitHub lists pull requests here too.
            "issues/list-for-repo" => {
                let open = self.opened.iter().filter(|one| one.is_open);
                let all: Vec<Value> = open.map(issue).collect();
                self.page(&all, request, host)
            }
            "pulls/create" => {
                let (head, base) = (text("head"), text("base"));
                if self.no_commits {
                    return invalid(&format!("No commits between {base} and {head}"));
                }
                let same = |one: &Opened| {
                    one.is_open && one.branches.as_ref().is_some_and(|(h, _)| *h == head)
                };
                if self.opened.iter().any(same) {
                    return invalid(&format!("A pull request already exists for acme:{head}."));
                }
                let login = self.login.clone();
                self.open(&login, &text("title"), &text("body"), Some((head, base)));
                Response::new(201, pull(self.opened.last().unwrap()))
            }
            "issues/create" => {
                let login = self.login.clone();
                self.open(&login, &text("title"), &text("body"), None);
                Response::new(201, issue(self.opened.last().unwrap()))
            }
            "pulls/update" | "issues/update" => {
                let place = ["pull_number", "issue_number"]
                    .iter()
                    .find_map(|name| call.places.get(*name));
                let number = place.and_then(|number| number.parse::<u64>().ok());
                let Some(one) = self
                    .opened
                    .iter_mut()
                    .find(|one| Some(one.number) == number)
                else {
                    return not_found();
                };
                one.title = text("title");
                one.body = text("body");
                Response::new(
                    200,
                    if one.branches.is_some() {
                        pull(one)
                    } else {
                        issue(one)
                    },
                )
            }
            other => self.refuse(other),
        }
    }
}

/// As GitHub refuses what does not go.
fn invalid(why: &str) -> Response {
    Response::new(
        422,
        json!({
            "message": "Validation Failed",
            "errors": [{"resource": "PullRequest", "code": "custom", "message": why}],
            "documentation_url": "https://docs.github.com/rest/pulls/pulls#create-a-pull-request",
        }),
    )
}

fn fields(one: &Opened) -> Value {
    let kind = if one.branches.is_some() {
        "pull"
    } else {
        "issues"
    };
    json!({
        "number": one.number,
        "title": one.title,
        "body": one.body,
        "user": json_user(&one.login),
        "html_url": format!("https://github.com/acme/infra/{kind}/{}", one.number),
    })
}

fn simple(one: &Opened) -> Value {
    openapi::sample("pull-request-simple", &fields(one))
}

fn pull(one: &Opened) -> Value {
    openapi::sample("pull-request", &fields(one))
}

fn issue(one: &Opened) -> Value {
    let mut fields = fields(one);
    if one.branches.is_some() {
        let url = "https://api.github.com/x";
        fields["pull_request"] =
            json!({"url": url, "html_url": url, "diff_url": url, "patch_url": url});
    }
    openapi::sample("issue", &fields)
}
