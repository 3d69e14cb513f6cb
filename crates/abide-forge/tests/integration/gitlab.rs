//! GitLab, as its API is documented.

use std::sync::{Arc, Mutex};

use abide_forge::comment::{Outcome, Untouched, upsert};
use abide_forge::gitlab::MergeRequest;
use abide_forge::{Suggested, Suggestion};
use serde_json::{Value, json};

use crate::mock::server::{Request, Response, Server};
use crate::{Still, connection, draft};

const TOKEN: &str = "glpat-canary";
const BASE: &str = "/gitlab/api/v4/projects/acme%2Finfra/merge_requests/12";
const DIFF: &str = "@@ -1,2 +1,4 @@\n resource \"x\" \"a\" {\n+  acl = 1\n+  # note\n }\n";

#[derive(Default)]
struct State {
    notes: Vec<Value>,
    discussions: Vec<Value>,
    head: String,
    next: u64,
    wrong: Vec<String>,
}

impl State {
    fn note(&mut self, author: &str, body: &str, system: bool) -> Value {
        self.next += 1;
        json!({"id": self.next, "body": body, "author": {"id": 1, "username": author}, "system": system, "resolvable": false})
    }

    fn answer(&mut self, request: &Request) -> Response {
        if request.headers.get("private-token").map(String::as_str) != Some(TOKEN) {
            return Response::new(401, json!({"message": "401 Unauthorized"}));
        }
        if request.path == "/gitlab/api/v4/user" {
            return Response::new(200, json!({"username": "project_7_bot_ab12", "bot": true}));
        }
        let Some(rest) = request.path.strip_prefix(BASE) else {
            self.wrong.push(request.path.clone());
            return Response::new(404, json!({"message": "404 Not found"}));
        };
        let body = request.body.clone().unwrap_or_default();
        let text = body["body"].as_str().unwrap_or_default().to_owned();
        match (request.method.as_str(), rest) {
            ("GET", "") => Response::new(
                200,
                json!({"iid": 12, "diff_refs": {"base_sha": "b", "start_sha": "s", "head_sha": self.head}}),
            ),
            ("GET", "/notes") => page(&self.notes, request),
            ("GET", "/diffs") => Response::new(
                200,
                json!([{"new_path": "main.tf", "old_path": "old.tf", "diff": DIFF}]),
            ),
            ("GET", "/discussions") => page(&self.discussions, request),
            ("POST", "/notes") => {
                let note = self.note("project_7_bot_ab12", &text, false);
                self.notes.push(note.clone());
                Response::new(201, note)
            }
            ("POST", "/discussions") => {
                for name in ["base_sha", "start_sha", "head_sha", "new_path", "old_path"] {
                    if !body["position"][name].is_string() {
                        self.wrong.push(format!("position[{name}]"));
                    }
                }
                let mut note = self.note("project_7_bot_ab12", &text, false);
                note["position"] = body["position"].clone();
                let discussion = json!({"id": "d", "notes": [note]});
                self.discussions.push(discussion.clone());
                Response::new(201, discussion)
            }
            (method, path) => {
                let id = path
                    .strip_prefix("/notes/")
                    .and_then(|id| id.parse::<u64>().ok());
                let at = self.notes.iter().position(|note| note["id"].as_u64() == id);
                match (method, at) {
                    ("PUT", Some(at)) => {
                        self.notes[at]["body"] = json!(text);
                        Response::new(200, self.notes[at].clone())
                    }
                    ("DELETE", Some(at)) => {
                        self.notes.remove(at);
                        Response::empty(204)
                    }
                    ("DELETE", None) => {
                        self.discussions
                            .retain(|d| d["notes"][0]["id"].as_u64() != id);
                        Response::empty(204)
                    }
                    _ => Response::new(404, json!({"message": "404 Not found"})),
                }
            }
        }
    }
}

fn page(all: &[Value], request: &Request) -> Response {
    let page: usize = request.query.get("page").map_or(1, |p| p.parse().unwrap());
    let one: Vec<Value> = all.iter().skip((page - 1) * 3).take(3).cloned().collect();
    let response = Response::new(200, Value::Array(one));
    match all.len() > page * 3 {
        true => response.header(
            "Link",
            format!(
                "<http://{}{}?page={}>; rel=\"next\"",
                request.headers["host"],
                request.path,
                page + 1
            ),
        ),
        false => response,
    }
}

fn start() -> (Arc<Mutex<State>>, Server) {
    let state = Arc::new(Mutex::new(State {
        head: "head0".to_owned(),
        ..State::default()
    }));
    let shared = Arc::clone(&state);
    let server = Server::start(move |request| Some(shared.lock().unwrap().answer(request)));
    (state, server)
}

fn request(server: &Server, token: &str) -> MergeRequest {
    let url = format!("{}/gitlab/api/v4/", server.url);
    let connection = connection(&url, token, &Still::default());
    MergeRequest::new(
        connection,
        "acme/infra",
        12,
        "https://gitlab.example/acme/infra/-/merge_requests/12",
    )
    .unwrap()
}

#[test]
fn one_note_is_kept_up_to_date() {
    let (state, server) = start();
    let request = request(&server, TOKEN);
    for number in 0..7 {
        let mut state = state.lock().unwrap();
        let note = state.note("kenji", &format!("remark {number}"), number % 2 == 0);
        state.notes.push(note);
    }
    let push = |number: u64, text: &str, quiet| {
        state.lock().unwrap().head = format!("head{number}");
        upsert(&request, &draft("default", number, 1, text, quiet)).unwrap()
    };
    assert_eq!(
        push(1, "nothing", true),
        Outcome::Untouched(Untouched::Silent)
    );
    let Outcome::Created(url) = push(2, "1 violation", false) else {
        panic!()
    };
    assert_eq!(
        url,
        "https://gitlab.example/acme/infra/-/merge_requests/12#note_8"
    );
    assert!(matches!(push(3, "All resolved", true), Outcome::Updated(_)));
    // The run of the second push ends late.
    let late = upsert(&request, &draft("default", 2, 2, "1 violation", false)).unwrap();
    assert_eq!(late, Outcome::Untouched(Untouched::Outdated));
    let state = state.lock().unwrap();
    assert_eq!(state.notes.len(), 8);
    assert!(
        state.notes[7]["body"]
            .as_str()
            .unwrap()
            .contains("All resolved")
    );
    assert!(state.wrong.is_empty(), "{:?}", state.wrong);
}

#[test]
fn a_note_without_its_hidden_line_is_mended() {
    let (state, server) = start();
    let request = request(&server, TOKEN);
    upsert(&request, &draft("default", 0, 1, "one", false)).unwrap();
    state.lock().unwrap().notes[0]["body"] = json!("I edited\n\n## Policy Scan Results\n\nthis");
    upsert(&request, &draft("default", 0, 2, "two", false)).unwrap();
    let state = state.lock().unwrap();
    assert_eq!(state.notes.len(), 1);
    assert!(state.notes[0]["body"].as_str().unwrap().ends_with("two\n"));
}

#[test]
fn suggestions_are_discussions_at_lines() {
    let (state, server) = start();
    let request = request(&server, TOKEN);
    let suggestion = |line, end_line| Suggestion {
        path: "main.tf".to_owned(),
        line,
        end_line,
        replacement: "  acl = 2".to_owned(),
        why: "**POL-0001**".to_owned(),
        about: "POL-0001 x.a".to_owned(),
    };
    let done = request
        .suggest("default", "head0", &[suggestion(2, 4)])
        .unwrap();
    assert_eq!(done.made, 1);
    {
        let state = state.lock().unwrap();
        let note = &state.discussions[0]["notes"][0];
        assert!(
            note["body"]
                .as_str()
                .unwrap()
                .contains("```suggestion:-2+0\n  acl = 2\n```")
        );
        let position = &note["position"];
        // An unchanged line has both numbers.
        assert_eq!(
            (&position["new_line"], &position["old_line"]),
            (&json!(4), &json!(2))
        );
        assert_eq!(position["old_path"], "old.tf");
    }
    let again = request
        .suggest("default", "head0", &[suggestion(2, 3)])
        .unwrap();
    assert_eq!(
        again,
        Suggested {
            repeated: 1,
            ..Suggested::default()
        }
    );
    let done = request.suggest("default", "head0", &[]).unwrap();
    assert_eq!(done.withdrawn, 1);
    let state = state.lock().unwrap();
    assert!(state.discussions.is_empty() && state.wrong.is_empty());
}

#[test]
fn a_wrong_token_is_said_and_not_shown() {
    let (_state, server) = start();
    let error = upsert(
        &request(&server, "glpat-wrong"),
        &draft("default", 0, 1, "x", false),
    )
    .unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(
        said.contains("401 Unauthorized") && !said.contains("glpat"),
        "{said}"
    );
}
