//! The forges, played on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod check;
mod comment;
mod gitlab;
mod limits;
mod mock;
mod opening;
mod review;
mod run_task;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use abide_forge::Token;
use abide_forge::comment::{CiRun, Draft, Stamp};
use abide_forge::github::PullRequest;
use abide_forge::http::{Clock, Connection, Patience};
use jiff::Timestamp;

use crate::mock::github::{GitHub, TOKEN};

/// A clock that only moves when somebody sleeps.
#[derive(Clone, Default)]
pub(crate) struct Still(Arc<Mutex<Duration>>);

impl Still {
    pub(crate) fn slept(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

pub(crate) const START: &str = "2026-03-01T12:00:00Z";

impl Clock for Still {
    fn now(&self) -> Timestamp {
        START.parse::<Timestamp>().unwrap() + self.slept()
    }

    fn sleep(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

pub(crate) fn connection(url: &str, token: &str, clock: &Still) -> Connection {
    Connection {
        url: url.to_owned(),
        token: Token::new(token).unwrap(),
        certificates: None,
        patience: Patience {
            calls: 4,
            wait: Duration::from_secs(300),
        },
        clock: Box::new(clock.clone()),
    }
}

pub(crate) fn pull_request(github: &GitHub, clock: &Still) -> PullRequest {
    PullRequest::new(connection(&github.url, TOKEN, clock), "acme/infra", 12).unwrap()
}

/// What the run on a push says.
pub(crate) fn draft(run: &str, push: u64, attempt: u64, text: &str, quiet: bool) -> Draft {
    let stamp = Stamp {
        run: run.to_owned(),
        head: Some(format!("head{push}")),
        ci: Some(CiRun {
            id: 1000 + push,
            attempt,
        }),
        at: Timestamp::from_second(1_772_366_400 + i64::try_from(push).unwrap()).unwrap(),
    };
    Draft::new(stamp, &format!("## Policy Scan Results\n\n{text}"), quiet).unwrap()
}
