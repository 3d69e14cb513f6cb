//! The audit report: a [`Document`](document::Document) made of what the store remembers,
//! and the formats it is handed over in.

mod build;
mod days;
mod detail;
pub mod document;
pub mod formats;
pub mod model;
pub mod oscal;
pub mod pack;
pub mod render;
mod scope;
mod sections;
mod spells;
mod tally;
mod timeline;
pub mod trends;
pub mod verdict;

pub use build::Request;
pub use days::DAY;
pub use sections::{Extent, document};
