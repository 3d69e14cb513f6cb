//! HCP Terraform run tasks: what it asks of us, and what we answer.
//!
//! [`receive`] takes a request as it came. The answer to it is 200 at once, also to a
//! [`Received::Test`] and a [`Received::Repeated`]; 401 to a bad signature, 422 to a bad body.
//! The results follow by a `PATCH` of `callback_url`, whose body [`TaskResult::body`] makes.

mod request;
mod result;
mod seen;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha512;

pub use self::request::{Enforcement, RunTask, Stage};
pub use self::result::{Outcome, OutcomeLevel, Status, Tag, TaskResult};
pub use self::seen::{Seen, SeenInMemory};

/// The header that holds the signature.
pub const SIGNATURE_HEADER: &str = "X-TFC-Task-Signature";

/// What requests are judged by.
#[derive(Clone, Copy)]
pub struct Rules<'r> {
    /// The HMAC key that was entered at HCP Terraform. Without one anybody could call.
    pub key: &'r [u8],
    /// Hosts that callbacks and plans may be at, e.g. `app.terraform.io`.
    pub hosts: &'r [&'r str],
    /// How long ago a run may have been made; runs may wait for people.
    pub oldest: SignedDuration,
}

impl std::fmt::Debug for Rules<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules")
            .field("hosts", &self.hosts)
            .field("oldest", &self.oldest)
            .finish_non_exhaustive()
    }
}

/// A request that is genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A run waits for us.
    Task(Box<RunTask>),
    /// HCP Terraform tries whether we are there; it wants 200 and nothing else.
    Test,
    /// It was received before, as when our answer was lost; nothing is to be done again.
    Repeated,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// No key, so that nothing is proven.
    #[error("no HMAC key is set for run tasks; enter the same one here and at HCP Terraform")]
    NoKey,
    /// It does not come from who has the key.
    #[error("the signature in {SIGNATURE_HEADER} is missing or is not one of this body")]
    Signature,
    /// It is signed, and cannot be understood.
    #[error("the body is no run task request: {0}")]
    Body(String),
    /// Its run is too old, or of the future.
    #[error(
        "the run was made at {made}, which is too long ago or yet to come; a recorded request may have been sent again"
    )]
    Time {
        /// When.
        made: Timestamp,
    },
    /// It would have us call somebody else.
    #[error("{field} is not an HTTPS address at {expected}")]
    Address {
        /// The field.
        field: &'static str,
        /// The hosts that are allowed.
        expected: String,
    },
}

impl Refusal {
    /// The status to answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NoKey => 503,
            Self::Signature => 401,
            Self::Body(_) | Self::Time { .. } | Self::Address { .. } => 422,
        }
    }
}

/// How far clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Judges a request: signature over the body as it came, form, age, addresses, repetition.
///
/// # Errors
/// Why it is refused.
pub fn receive(
    rules: &Rules<'_>,
    signature: Option<&str>,
    body: &[u8],
    now: Timestamp,
    seen: &dyn Seen,
) -> Result<Received, Refusal> {
    verify(rules.key, signature, body)?;
    let Some(task) = request::read(body)? else {
        return Ok(Received::Test);
    };
    let age = now.duration_since(task.run_created_at);
    if age > rules.oldest || age < -SKEW {
        return Err(Refusal::Time {
            made: task.run_created_at,
        });
    }
    request::check_addresses(&task, rules.hosts)?;
    Ok(match seen.first_time(&task.id, now) {
        true => Received::Task(Box::new(task)),
        false => Received::Repeated,
    })
}

/// The signature is hexadecimal; comparing takes the same time wherever it differs.
fn verify(key: &[u8], signature: Option<&str>, body: &[u8]) -> Result<(), Refusal> {
    if key.is_empty() {
        return Err(Refusal::NoKey);
    }
    let given = signature.and_then(|text| unhex(text.trim()));
    let given = given.ok_or(Refusal::Signature)?;
    let mut mac = Hmac::<Sha512>::new_from_slice(key).map_err(|_| Refusal::NoKey)?;
    mac.update(body);
    mac.verify_slice(&given).map_err(|_| Refusal::Signature)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok())
        .collect()
}
