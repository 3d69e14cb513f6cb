//! When targets are looked at, and what became of every due time.
//!
//! [`Watcher`] decides; it is given the time and has none of its own. [`Book`] is the file that
//! survives: what was due, what was told ([`abide_notify::Desk`]). `drive.rs` lets both meet the
//! clock, threads and the services.

mod book;
mod deliver;
mod drive;
mod memory;
mod metrics;
mod schedule;
mod watcher;

pub use book::{Book, BookError};
pub use deliver::deliver;
pub use drive::{Drive, Ended, Look};
pub use memory::{Memory, SlotRecord, SlotState, Slots};
pub use metrics::metrics;
pub use schedule::{Schedule, ScheduleError, offset};
pub use watcher::{Start, Watched, Watcher};
