//! One client for every forge: addresses, headers, limits, pages.
//!
//! A token goes to the address it was made for and nowhere else: redirects and links to
//! other origins are not followed, and plain HTTP is for this machine only.

mod address;
mod retry;

use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::{Method, Request, Response, StatusCode};
use ureq::{Agent, Body};

use self::address::Origin;
pub use self::retry::Patience;
use self::retry::{Next, Signals};
use crate::error::ForgeError;
use crate::secret::Token;

/// Bytes of an answer at most; a hundred comments of the longest kind fit.
const LARGEST: u64 = 64 << 20;
/// Pages of a list at most, a hundred entries each.
const PAGES: usize = 100;
/// Redirects that are followed, within the origin.
const REDIRECTS: usize = 3;

/// What time it is, and how to wait; tests need neither.
pub trait Clock: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, time: Duration);
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// How a forge wants its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `Authorization: Bearer …`
    Bearer,
    /// `PRIVATE-TOKEN: …`
    PrivateToken,
}

/// Whether a call may be made again when it is open if it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Twice is as good as once, or is noticed and mended.
    Always,
    /// Only when the forge certainly did nothing.
    IfNotDone,
}

/// Where to connect, and as whom.
pub struct Connection {
    /// Address of the API, e.g. `https://api.github.com`.
    pub url: String,
    /// The token.
    pub token: Token,
    /// Certificates to trust in place of the built-in ones, as PEM.
    pub certificates: Option<Vec<u8>>,
    /// How often and how long to try.
    pub patience: Patience,
    /// The clock.
    pub clock: Box<dyn Clock>,
}

impl Connection {
    /// A connection with this machine's clock.
    #[must_use]
    pub fn new(url: &str, token: Token) -> Self {
        Self {
            url: url.to_owned(),
            token,
            certificates: None,
            patience: Patience::default(),
            clock: Box::new(SystemClock),
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("url", &self.url)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

/// Makes the calls.
pub(crate) struct Client {
    agent: Agent,
    connection: Connection,
    origin: Origin,
    /// The path of the API's address, without a slash at the end.
    root: String,
    scheme: Scheme,
    headers: &'static [(&'static str, &'static str)],
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.connection.fmt(f)
    }
}

impl Client {
    pub(crate) fn new(
        connection: Connection,
        scheme: Scheme,
        headers: &'static [(&'static str, &'static str)],
    ) -> Result<Self, ForgeError> {
        let (origin, root) = address::parse(&connection.url)?;
        let agent = address::agent(connection.certificates.as_deref(), &connection.url)?;
        Ok(Self {
            agent,
            connection,
            origin,
            root,
            scheme,
            headers,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.connection.clock.now()
    }

    /// Makes a call and reads the answer.
    pub(crate) fn call<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        repeat: Repeat,
    ) -> Result<T, ForgeError> {
        let call = format!("{method} {}", without_query(path));
        let answer = self.send(method, &format!("{}{path}", self.root), body, repeat)?;
        read(&call, &answer.body)
    }

    /// Makes a call whose answer says nothing.
    pub(crate) fn order(&self, method: &Method, path: &str) -> Result<(), ForgeError> {
        let path = format!("{}{path}", self.root);
        self.send(method, &path, None, Repeat::Always).map(drop)
    }

    /// All entries of a list.
    pub(crate) fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, ForgeError> {
        let call = format!("GET {}", without_query(path));
        let mut next = Some(format!("{}{path}", self.root));
        let mut all = Vec::new();
        for _ in 0..PAGES {
            let Some(path) = next.take() else {
                return Ok(all);
            };
            let answer = self.send(&Method::GET, &path, None, Repeat::Always)?;
            all.extend(read::<Vec<T>>(&call, &answer.body)?);
            next = match &answer.next {
                Some(url) => {
                    Some(
                        self.origin
                            .path_of(url)
                            .ok_or_else(|| ForgeError::Unexpected {
                                call: call.clone(),
                                reason: "the next page is at another address".to_owned(),
                            })?,
                    )
                }
                None => None,
            };
        }
        match next {
            None => Ok(all),
            Some(_) => Err(ForgeError::Unexpected {
                call,
                reason: format!("the list has more than {PAGES} pages"),
            }),
        }
    }

    /// Makes a call, again if that may help, and follows redirects.
    fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        repeat: Repeat,
    ) -> Result<Answer, ForgeError> {
        let call = format!("{method} {}", without_query(path));
        let mut path = path.to_owned();
        for _ in 0..=REDIRECTS {
            let answer = self.persist(&call, method, &path, body, repeat)?;
            match self.moved(method, &answer) {
                Some(elsewhere) => path = elsewhere,
                None => return self.judge(call, answer),
            }
        }
        Err(ForgeError::Transport {
            call,
            reason: "too many redirects".to_owned(),
        })
    }

    /// Where an answer sends us, if we go there: repositories are renamed.
    fn moved(&self, method: &Method, answer: &Answer) -> Option<String> {
        let keeps_method = matches!(answer.status.as_u16(), 307 | 308);
        let reads = matches!(answer.status.as_u16(), 301 | 302) && *method == Method::GET;
        let location = answer.location.as_ref().filter(|_| keeps_method || reads)?;
        self.origin.path_of(location)
    }

    fn persist(
        &self,
        call: &str,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        repeat: Repeat,
    ) -> Result<Answer, ForgeError> {
        let patience = self.connection.patience;
        let mut waited = Duration::ZERO;
        let mut number = 0;
        loop {
            let last = number + 1 >= patience.calls;
            let once = self.once(method, path, body);
            let (wait, may_repeat) = match &once {
                Ok(answer) => match retry::after(&answer.signals, number, self.now()) {
                    Next::Take => return once.map_err(|e| self.failed(call, &e)),
                    Next::Limited(wait) => (wait, true),
                    Next::Trouble(wait) => (wait, repeat == Repeat::Always),
                },
                Err(error) => (
                    retry::pause(number),
                    repeat == Repeat::Always || is_unsent(error),
                ),
            };
            let too_long = waited + wait > patience.wait;
            if last || too_long || !may_repeat {
                let limited = once
                    .as_ref()
                    .is_ok_and(|a| a.is_limited(number, self.now()));
                if limited {
                    return Err(ForgeError::RateLimited {
                        call: call.to_owned(),
                        until: self.now().saturating_add(wait).unwrap_or(Timestamp::MAX),
                    });
                }
                return once.map_err(|e| self.failed(call, &e));
            }
            self.connection.clock.sleep(wait);
            waited += wait;
            number += 1;
        }
    }

    fn once(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ureq::Error> {
        let token = self.connection.token.reveal();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.origin));
        request = match self.scheme {
            Scheme::Bearer => request.header("Authorization", format!("Bearer {token}")),
            Scheme::PrivateToken => request.header("PRIVATE-TOKEN", token),
        };
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some(body) => {
                let text = body.to_string();
                let request = request
                    .header("Content-Type", "application/json")
                    .body(text)?;
                self.agent.run(request)
            }
            None => self.agent.run(request.body(())?),
        };
        Answer::read(response?)
    }

    /// An answer that is no success becomes an error.
    fn judge(&self, call: String, answer: Answer) -> Result<Answer, ForgeError> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        let message = self.connection.token.scrub(&answer.signals.message);
        let message = match message.is_empty() {
            true => "no reason given".to_owned(),
            false => message,
        };
        Err(match answer.status.as_u16() {
            401 => ForgeError::Unauthorized { call, message },
            403 => ForgeError::Denied { call, message },
            404 | 410 => ForgeError::NotFound { call, message },
            status => ForgeError::Refused {
                call,
                status,
                message,
            },
        })
    }

    fn failed(&self, call: &str, error: &ureq::Error) -> ForgeError {
        ForgeError::Transport {
            call: call.to_owned(),
            reason: self.connection.token.scrub(&error.to_string()),
        }
    }
}

/// Whether the request certainly did not get there.
fn is_unsent(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => true,
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

/// A path for messages: what follows the question mark helps nobody.
fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

fn read<T: DeserializeOwned>(call: &str, body: &[u8]) -> Result<T, ForgeError> {
    // A body may be left out, as of a 204.
    let body = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(body).map_err(|error| ForgeError::Unexpected {
        call: call.to_owned(),
        // The error's own text would show a piece of the answer.
        reason: format!("line {}, column {}", error.line(), error.column()),
    })
}

/// What came back.
struct Answer {
    status: StatusCode,
    signals: Signals,
    next: Option<String>,
    location: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    fn read(response: Response<Body>) -> Result<Self, ureq::Error> {
        let (head, mut body) = response.into_parts();
        let header = |names: &[&str]| {
            let values = names.iter().find_map(|name| head.headers.get(*name));
            values.and_then(|v| v.to_str().ok()).map(str::to_owned)
        };
        let body = body.with_config().limit(LARGEST).read_to_vec()?;
        Ok(Self {
            status: head.status,
            next: header(&["link"]).and_then(|link| address::next_page(&link)),
            location: header(&["location"]),
            signals: Signals {
                status: head.status.as_u16(),
                retry_after: header(&["retry-after"]),
                remaining: header(&["x-ratelimit-remaining", "ratelimit-remaining"]),
                reset: header(&["x-ratelimit-reset", "ratelimit-reset"]),
                message: match head.status.is_success() {
                    true => String::new(),
                    false => message(&body),
                },
            },
            body,
        })
    }

    fn is_limited(&self, call: u32, now: Timestamp) -> bool {
        matches!(retry::after(&self.signals, call, now), Next::Limited(_))
    }
}

/// What an error says: GitHub's `message` with `errors`, GitLab's `message` or `error`.
fn message(body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return String::new();
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let first = ["message", "error_description", "error"];
    let found = first.iter().map(|name| text(&value[*name]));
    let mut out = found
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    if let Some(errors) = value["errors"].as_array() {
        let details = errors.iter().map(|error| match &error["message"] {
            Value::String(text) => text.clone(),
            _ => text(error),
        });
        out.push_str(&format!(": {}", details.collect::<Vec<_>>().join("; ")));
    }
    out.chars()
        .take(500)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
