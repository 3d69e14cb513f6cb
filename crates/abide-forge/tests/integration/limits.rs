//! Limits, trouble, redirects, and secrets.

use std::time::Duration;

use abide_forge::ForgeError;
use abide_forge::comment::upsert;
use abide_forge::github::PullRequest;
use serde_json::json;

use crate::mock::github::{Fault, GitHub, TOKEN};
use crate::mock::server::{Response, Server};
use crate::{START, Still, connection, draft, pull_request};

fn run(github: &GitHub, faults: &[(&'static str, Response)]) -> (Result<(), ForgeError>, Duration) {
    let clock = Still::default();
    let request = pull_request(github, &clock);
    let answers = faults
        .iter()
        .map(|(call, r)| (*call, Fault::Answer(r.clone())));
    github.state().faults.extend(answers);
    let done = upsert(&request, &draft("default", 0, 1, "one", false)).map(drop);
    (done, clock.slept())
}

fn reset(seconds: i64) -> String {
    let start: jiff::Timestamp = START.parse().unwrap();
    (start.as_second() + seconds).to_string()
}

#[test]
fn the_primary_limit_is_waited_for() {
    let github = GitHub::start();
    let limit = Response::new(
        403,
        json!({"message": "API rate limit exceeded for installation"}),
    )
    .header("x-ratelimit-remaining", "0")
    .header("x-ratelimit-reset", reset(40));
    let (done, slept) = run(&github, &[("issues/list-comments", limit)]);
    done.unwrap();
    assert_eq!(slept, Duration::from_secs(41));
    assert_eq!(github.state().comments.len(), 1);
    github.assert_clean();
}

#[test]
fn a_limit_beyond_our_patience_says_until_when() {
    let github = GitHub::start();
    let limit = Response::new(403, json!({"message": "API rate limit exceeded"}))
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", reset(3000));
    let (done, slept) = run(&github, &[("issues/list-comments", limit)]);
    let error = done.unwrap_err();
    assert!(matches!(error, ForgeError::RateLimited { .. }), "{error}");
    assert!(
        error.to_string().contains("2026-03-01T12:50:01Z"),
        "{error}"
    );
    assert_eq!(slept, Duration::ZERO, "waiting in vain helps nobody");
    github.assert_clean();
}

#[test]
fn secondary_limits_wait_as_told_or_a_minute() {
    let github = GitHub::start();
    let secondary = || {
        Response::new(
            403,
            json!({"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}),
        )
    };
    let (done, slept) = run(
        &github,
        &[
            (
                "issues/create-comment",
                secondary().header("retry-after", "5"),
            ),
            ("issues/create-comment", secondary()),
            (
                "issues/create-comment",
                Response::new(429, json!({"message": "Too Many Requests"}))
                    .header("retry-after", "3"),
            ),
        ],
    );
    done.unwrap();
    assert_eq!(slept, Duration::from_secs(5 + 120 + 3));
    assert_eq!(github.state().comments.len(), 1);
    github.assert_clean();
}

#[test]
fn trouble_is_tried_again_and_given_up() {
    let github = GitHub::start();
    let bad = Response::new(503, json!({"message": "Unavailable"}));
    let three = vec![("*", bad.clone()); 3];
    let (done, slept) = run(&github, &three);
    done.unwrap();
    assert_eq!(slept, Duration::from_secs(1 + 2 + 4));
    github.assert_clean();
    let (done, _) = run(&github, &vec![("users/get-authenticated", bad); 4]);
    let error = done.unwrap_err();
    assert!(
        matches!(error, ForgeError::Refused { status: 503, .. }),
        "{error}"
    );
    github.assert_clean();
}

#[test]
fn what_is_no_use_is_not_tried_again() {
    for (status, call) in [
        (401, "users/get-authenticated"),
        (422, "issues/create-comment"),
    ] {
        let github = GitHub::start();
        let answer = Response::new(
            status,
            json!({"message": "Bad", "errors": [{"message": "body is too long"}]}),
        );
        let (done, slept) = run(&github, &[(call, answer)]);
        let said = done.unwrap_err().to_string();
        assert!(said.contains("Bad: body is too long"), "{said}");
        assert_eq!(slept, Duration::ZERO);
        github.assert_clean();
    }
}

#[test]
fn nobody_there_is_an_error_with_the_reason() {
    let clock = Still::default();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let request = PullRequest::new(connection(&url, TOKEN, &clock), "acme/infra", 12).unwrap();
    let error = upsert(&request, &draft("default", 0, 1, "one", false)).unwrap_err();
    assert!(matches!(error, ForgeError::Transport { .. }), "{error}");
    assert_eq!(clock.slept(), Duration::from_secs(1 + 2 + 4));
}

/// A forge that redirects, links elsewhere or sends our header back gets no token and no line
/// of a log with it.
#[test]
fn the_token_stays_where_it_belongs() {
    let thief = Server::start(|request| {
        assert!(
            !request.headers.contains_key("authorization"),
            "the token left"
        );
        Some(Response::new(200, json!([])))
    });
    let elsewhere = format!("{}/x", thief.url);
    for kind in ["redirect", "link", "echo", "garbage"] {
        let elsewhere = elsewhere.clone();
        let server = Server::start(move |request| {
            if request.path == "/user" {
                return Some(Response::new(403, json!({"message": "no"})));
            }
            Some(match kind {
                "redirect" => Response::new(302, json!({"message": "moved"}))
                    .header("Location", elsewhere.as_str()),
                "link" => Response::new(200, json!([]))
                    .header("Link", format!("<{elsewhere}>; rel=\"next\"")),
                "garbage" => Response::new(200, json!({"token": request.headers["authorization"]})),
                _ => Response::new(
                    418,
                    json!({"message": format!("you sent {}", request.headers["authorization"])}),
                ),
            })
        });
        let connection = connection(&server.url, TOKEN, &Still::default());
        assert!(!format!("{connection:?}").contains("canary"));
        let request = PullRequest::new(connection, "acme/infra", 12).unwrap();
        assert!(!format!("{request:?}").contains("canary"));
        let error = upsert(&request, &draft("default", 0, 1, "one", false)).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains("canary"), "{kind}: {said}");
    }
}

#[test]
fn a_renamed_repository_is_followed() {
    let renamed = Server::start(|request| {
        let answer = match request.path.as_str() {
            "/user" => Response::new(403, json!({"message": "no"})),
            // The redirect names a path of the same origin.
            path if path.starts_with("/repos/") => {
                let path = path.replace("/repos/acme/infra", "/repositories/7");
                Response::new(307, json!({})).header("Location", path)
            }
            path if path.contains("/pulls/") => {
                Response::new(200, json!({"head": {"sha": "head0"}}))
            }
            _ if request.method == "GET" => Response::new(200, json!([])),
            _ => {
                let body = request.body.as_ref().and_then(|body| body["body"].as_str());
                let said = format!("arrived: {}", body.is_some_and(|b| b.contains("one")));
                Response::new(422, json!({ "message": said }))
            }
        };
        Some(answer)
    });
    let connection = connection(&renamed.url, TOKEN, &Still::default());
    let request = PullRequest::new(connection, "acme/infra", 12).unwrap();
    let error = upsert(&request, &draft("default", 0, 1, "one", false)).unwrap_err();
    assert!(error.to_string().contains("arrived: true"), "{error}");
}
