//! Tells people what changed.
//!
//! [`Desk`] knows, for every route and target, what was told last, and holds the letters that are
//! not delivered yet. It is data: whoever uses it writes it to disk as a whole, with the look that
//! led to it, and delivers only what is written. So each change is told at least once, and a
//! receiver that knows the id of a message sees it once. [`Route::send`] talks to the services.

mod change;
mod desk;
mod message;
mod route;
mod send;
mod service;
mod text;

pub use change::{Filter, Health, Item, Known, Observation, Observed, Told};
pub use desk::{Desk, Letter, Outcome, Settled};
pub use message::{Change, ChangeKind, HealthChange, Message};
pub use route::{Email, PagerDuty, Route, RouteError, Secret, Service, Slack, Teams, Webhook};
pub use send::{Client, Sent};
pub use service::{Part, Request};
