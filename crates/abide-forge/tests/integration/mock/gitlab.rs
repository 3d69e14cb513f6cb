//! GitLab: one project, its merge requests and issues.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use super::server::{Request, Response, Server};

pub(crate) const TOKEN: &str = "glpat-canaryThatNobodyMaySee";
const BASE: &str = "/api/v4/projects/acme%2Finfra";

#[derive(Default)]
pub(crate) struct State {
    pub(crate) merge_requests: Vec<Value>,
    pub(crate) issues: Vec<Value>,
    pub(crate) calls: Vec<String>,
    /// The next creation is done, and the answer is lost.
    pub(crate) lose: bool,
}

#[derive(Clone)]
pub(crate) struct GitLab {
    state: Arc<Mutex<State>>,
    pub(crate) url: String,
    _server: Arc<Server>,
}

impl GitLab {
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let server = Server::start(move |request| shared.lock().unwrap().answer(request));
        Self {
            state,
            url: format!("{}/api/v4", server.url),
            _server: Arc::new(server),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Option<Response> {
        self.calls
            .push(format!("{} {}", request.method, request.path));
        if request.headers.get("private-token").map(String::as_str) != Some(TOKEN) {
            return Some(Response::new(401, json!({"message": "401 Unauthorized"})));
        }
        if request.path == "/api/v4/user" {
            return Some(Response::new(
                200,
                json!({"username": "project_7_bot_ab12"}),
            ));
        }
        let not_found = || Response::new(404, json!({"message": "404 Project Not Found"}));
        let Some(rest) = request.path.strip_prefix(BASE) else {
            return Some(not_found());
        };
        let mut words = rest.split('/').skip(1);
        let (kind, number) = (words.next(), words.next());
        let is_request = kind == Some("merge_requests");
        let all = match kind {
            Some("merge_requests") => &mut self.merge_requests,
            Some("issues") => &mut self.issues,
            _ => return Some(not_found()),
        };
        let body = request.body.clone().unwrap_or_default();
        Some(match (request.method.as_str(), number) {
            ("GET", None) => Response::new(200, found(all, request)),
            ("POST", None) => {
                let branch = &body["source_branch"];
                let same = |one: &&Value| {
                    one["state"] == "opened"
                        && one["source_branch"] == *branch
                        && one["source_project_id"] == 7
                };
                if let Some(one) = all.iter().find(|one| is_request && same(one)) {
                    let why = format!(
                        "Another open merge request already exists for this source branch: !{}",
                        one["iid"]
                    );
                    return Some(Response::new(409, json!({"message": [why]})));
                }
                let iid = all.len() + 1;
                let mut one = json!({
                    "iid": iid, "state": "opened", "project_id": 7, "author": {"username": "project_7_bot_ab12"},
                    "web_url": format!("https://gitlab.example/acme/infra/-/{}/{iid}", kind.unwrap()),
                });
                if is_request {
                    one["source_project_id"] = json!(7);
                }
                set(&mut one, &body);
                all.push(one.clone());
                if std::mem::take(&mut self.lose) {
                    return None;
                }
                Response::new(201, one)
            }
            ("PUT", Some(number)) => {
                let one = all
                    .iter_mut()
                    .find(|one| one["iid"].as_u64() == number.parse().ok());
                let Some(one) = one else {
                    return Some(not_found());
                };
                set(one, &body);
                Response::new(200, one.clone())
            }
            _ => not_found(),
        })
    }
}

fn set(one: &mut Value, body: &Value) {
    for (name, value) in body.as_object().unwrap() {
        one[name] = value.clone();
    }
}

fn found(all: &[Value], request: &Request) -> Value {
    let wanted = |one: &&Value| {
        request
            .query
            .iter()
            .all(|(name, value)| match name.as_str() {
                "author_username" => one["author"]["username"] == value.as_str(),
                "per_page" => true,
                name => one[name] == value.as_str(),
            })
    };
    Value::Array(all.iter().filter(wanted).cloned().collect())
}
