//! GitHub: one repository, one pull request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::openapi::{self, Call};
use super::server::{Request, Response, Server};

pub(crate) const TOKEN: &str = "ghs_canaryTokenThatNobodyMaySee";
pub(crate) const ACTIONS: &str = "github-actions[bot]";

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) login: String,
    pub(crate) body: String,
}

#[derive(Clone, Debug)]
pub(crate) struct ReviewComment {
    pub(crate) id: u64,
    pub(crate) login: String,
    pub(crate) body: String,
    pub(crate) line: u64,
    pub(crate) reply_to: Option<u64>,
}

/// A pull request or an issue that was opened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Opened {
    pub(crate) number: u64,
    pub(crate) login: String,
    pub(crate) title: String,
    pub(crate) body: String,
    /// Branches: the one that goes in, and the one it goes into; an issue has none.
    pub(crate) branches: Option<(String, String)>,
    pub(crate) is_open: bool,
}

/// What happens instead of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// This is answered and nothing is done.
    Answer(Response),
    /// It is done, and the answer is lost.
    Lost,
    /// It is done, and a gateway answers 502.
    BadGateway,
}

pub(crate) struct State {
    pub(crate) comments: Vec<Comment>,
    pub(crate) review_comments: Vec<ReviewComment>,
    pub(crate) checks: Vec<Value>,
    pub(crate) opened: Vec<Opened>,
    /// The branch that goes in has nothing new.
    pub(crate) no_commits: bool,
    /// Names of files and their patches.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) head: String,
    /// Who the token is; apps may not ask.
    pub(crate) user: Option<String>,
    /// Whose comments are written with the token.
    pub(crate) login: String,
    pub(crate) read_only: bool,
    pub(crate) page: usize,
    /// Faults by the call they wait for; `*` is any.
    pub(crate) faults: VecDeque<(&'static str, Fault)>,
    /// Calls that were made.
    pub(crate) calls: Vec<String>,
    /// What was wrong about requests, or about our own answers.
    wrong: Vec<String>,
    pub(super) next: u64,
}

impl State {
    pub(crate) fn say(&mut self, login: &str, body: &str) -> u64 {
        self.next += 1;
        self.comments.push(Comment {
            id: self.next,
            login: login.to_owned(),
            body: body.to_owned(),
        });
        self.next
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.calls.iter().filter(|call| *call == operation).count()
    }
}

#[derive(Clone)]
pub(crate) struct GitHub {
    state: Arc<Mutex<State>>,
    pub(crate) url: String,
    _server: Arc<Server>,
}

impl GitHub {
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State {
            comments: Vec::new(),
            review_comments: Vec::new(),
            checks: Vec::new(),
            opened: Vec::new(),
            no_commits: false,
            files: Vec::new(),
            head: "head0".to_owned(),
            user: None,
            login: ACTIONS.to_owned(),
            read_only: false,
            page: 100,
            faults: VecDeque::new(),
            calls: Vec::new(),
            wrong: Vec::new(),
            next: 0,
        }));
        let shared = Arc::clone(&state);
        let server = Server::start(move |request| shared.lock().unwrap().answer(request));
        Self {
            state,
            // As Enterprise Server has it.
            url: format!("{}/api/v3", server.url),
            _server: Arc::new(server),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// That every request and answer was one GitHub describes.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        let state = self.state();
        assert!(state.wrong.is_empty(), "{:#?}", state.wrong);
        assert!(state.faults.is_empty(), "not met: {:?}", state.faults);
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Option<Response> {
        let mut request = request.clone();
        let host = request.headers.get("host").cloned().unwrap_or_default();
        match request.path.strip_prefix("/api/v3") {
            Some(path) => request.path = path.to_owned(),
            None => return Some(self.refuse("not below the address of the API")),
        }
        // Links of pages name the repository by its number.
        request.path = request
            .path
            .replace("/repositories/7/", "/repos/acme/infra/");
        if let Err(wrong) = headers(&request) {
            return Some(self.refuse(&wrong));
        }
        let call = match openapi::call(&request) {
            Ok(call) => call,
            Err(wrong) => return Some(self.refuse(&wrong)),
        };
        self.calls.push(call.operation.to_owned());
        let fault = match self.faults.front() {
            Some((wanted, _)) if *wanted == "*" || *wanted == call.operation => {
                self.faults.pop_front().map(|(_, fault)| fault)
            }
            _ => None,
        };
        if let Some(Fault::Answer(response)) = fault {
            return Some(response);
        }
        let response = self.act(&call, &request, &host);
        match fault {
            Some(Fault::Lost) => return None,
            Some(_) => return Some(Response::new(502, json!({"message": "Server Error"}))),
            None => {}
        }
        // Denials are not in the description.
        if response.status != 403 {
            let valid = openapi::answer(call.operation, response.status, response.body.as_ref());
            if let Err(wrong) = valid {
                self.wrong.push(format!("answer: {wrong}"));
            }
        }
        Some(response)
    }

    pub(super) fn refuse(&mut self, wrong: &str) -> Response {
        self.wrong.push(wrong.to_owned());
        Response::new(422, json!({"message": wrong}))
    }

    fn act(&mut self, call: &Call, request: &Request, host: &str) -> Response {
        let place = |name: &str| call.places.get(name).and_then(|p| p.parse::<u64>().ok());
        let (owner, repo) = (call.places.get("owner"), call.places.get("repo"));
        let other = owner.is_some_and(|o| o != "acme") || repo.is_some_and(|r| r != "infra");
        let is_of_opened = matches!(call.operation, "pulls/update" | "issues/update");
        if other
            || !is_of_opened
                && place("issue_number")
                    .or(place("pull_number"))
                    .is_some_and(|n| n != 12)
        {
            return not_found();
        }
        if self.read_only && request.method != "GET" {
            let message = "Resource not accessible by integration";
            return Response::new(403, json!({"message": message, "status": "403"}));
        }
        let body = request.body.clone().unwrap_or_default();
        let text = body["body"].as_str().unwrap_or_default().to_owned();
        match call.operation {
            "users/get-authenticated" => match &self.user {
                Some(login) => {
                    let fields = json!({"login": login, "user_view_type": "public"});
                    Response::new(200, openapi::sample("public-user", &fields))
                }
                None => Response::new(
                    403,
                    json!({"message": "Resource not accessible by integration"}),
                ),
            },
            "pulls/get" => {
                let fields = json!({"number": 12, "head": {"sha": self.head}});
                Response::new(200, openapi::sample("pull-request", &fields))
            }
            "issues/list-comments" => {
                let all: Vec<Value> = self.comments.iter().map(json_comment).collect();
                self.page(&all, request, host)
            }
            "issues/create-comment" => {
                if text.chars().count() > 65_536 {
                    return self.refuse("body is too long (maximum is 65536 characters)");
                }
                let login = self.login.clone();
                self.say(&login, &text);
                Response::new(201, json_comment(self.comments.last().unwrap()))
            }
            "issues/update-comment" | "issues/delete-comment" => {
                let at = self
                    .comments
                    .iter()
                    .position(|c| Some(c.id) == place("comment_id"));
                let Some(at) = at else {
                    return not_found();
                };
                if request.method == "DELETE" {
                    self.comments.remove(at);
                    return Response::empty(204);
                }
                self.comments[at].body = text;
                Response::new(200, json_comment(&self.comments[at]))
            }
            "checks/create" | "checks/update" => self.check(place("check_run_id"), &body),
            "pulls/list-files" => {
                let all = self.files.iter();
                let all = all.map(|(name, patch)| {
                    openapi::sample("diff-entry", &json!({"filename": name, "patch": patch}))
                });
                self.page(&all.collect::<Vec<_>>(), request, host)
            }
            "pulls/list-review-comments" => {
                let all = self.review_comments.iter().map(json_review_comment);
                let all: Vec<Value> = all.collect();
                self.page(&all, request, host)
            }
            "pulls/create-review" => self.review(&body),
            "pulls/delete-review-comment" => {
                self.review_comments
                    .retain(|c| Some(c.id) != place("comment_id"));
                Response::empty(204)
            }
            _ => self.opened(call, request, host),
        }
    }

    fn check(&mut self, id: Option<u64>, body: &Value) -> Response {
        let annotations = body["output"]["annotations"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let at = match id {
            None => {
                self.checks.push(body.clone());
                self.checks.len() - 1
            }
            // Updates append.
            Some(id) => {
                let check = &mut self.checks[usize::try_from(id).unwrap() - 1];
                let all = check["output"]["annotations"].as_array_mut().unwrap();
                all.extend(annotations);
                usize::try_from(id).unwrap() - 1
            }
        };
        let status = if id.is_none() { 201 } else { 200 };
        let url = format!("https://github.com/acme/infra/runs/{}", at + 1);
        Response::new(
            status,
            openapi::sample("check-run", &json!({"id": at + 1, "html_url": url})),
        )
    }

    fn review(&mut self, body: &Value) -> Response {
        if body["commit_id"] != self.head.as_str() {
            return Response::new(
                422,
                json!({"message": "Unprocessable Entity", "documentation_url": "x", "errors": ["commit_id is not part of the pull request"]}),
            );
        }
        for comment in body["comments"].as_array().cloned().unwrap_or_default() {
            self.next += 1;
            self.review_comments.push(ReviewComment {
                id: self.next,
                login: self.login.clone(),
                body: comment["body"].as_str().unwrap().to_owned(),
                line: comment["line"].as_u64().unwrap(),
                reply_to: None,
            });
        }
        Response::new(
            200,
            openapi::sample("pull-request-review", &json!({"id": 1})),
        )
    }

    /// One page of a list, with a link to the next.
    pub(super) fn page(&self, all: &[Value], request: &Request, host: &str) -> Response {
        let number = |name: &str, default: usize| {
            let value = request.query.get(name);
            value.map_or(default, |value| value.parse().unwrap())
        };
        let (page, size) = (number("page", 1), number("per_page", 30).min(self.page));
        let rest: Vec<Value> = all.iter().skip((page - 1) * size).cloned().collect();
        let more = rest.len() > size;
        let one = rest.into_iter().take(size).collect();
        let response = Response::new(200, Value::Array(one));
        if !more {
            return response;
        }
        let path = request
            .path
            .replace("/repos/acme/infra/", "/repositories/7/");
        response.header(
            "Link",
            format!(
                "<http://{host}/api/v3{path}?per_page={size}&page={}>; rel=\"next\"",
                page + 1
            ),
        )
    }
}

fn headers(request: &Request) -> Result<(), String> {
    let expected = [
        ("authorization", format!("Bearer {TOKEN}")),
        ("accept", "application/vnd.github+json".to_owned()),
        ("x-github-api-version", "2022-11-28".to_owned()),
    ];
    for (name, value) in expected {
        if request.headers.get(name) != Some(&value) {
            return Err(format!("{name} is not `{value}`"));
        }
    }
    match request.headers.contains_key("user-agent") {
        true => Ok(()),
        false => Err("GitHub refuses requests without a user agent".to_owned()),
    }
}

pub(super) fn not_found() -> Response {
    Response::new(404, json!({"message": "Not Found", "status": "404"}))
}

pub(super) fn json_user(login: &str) -> Value {
    let kind = if login.ends_with("[bot]") {
        "Bot"
    } else {
        "User"
    };
    openapi::sample("simple-user", &json!({"login": login, "type": kind}))
}

fn json_comment(comment: &Comment) -> Value {
    openapi::sample(
        "issue-comment",
        &json!({
            "id": comment.id,
            "user": if comment.login.is_empty() { Value::Null } else { json_user(&comment.login) },
            "body": comment.body,
            "html_url": format!("https://github.com/acme/infra/pull/12#issuecomment-{}", comment.id),
        }),
    )
}

fn json_review_comment(comment: &ReviewComment) -> Value {
    let mut fields = json!({
        "id": comment.id,
        "user": json_user(&comment.login),
        "body": comment.body,
        "line": comment.line,
    });
    if let Some(id) = comment.reply_to {
        fields["in_reply_to_id"] = json!(id);
    }
    openapi::sample("pull-request-review-comment", &fields)
}
