//! The audit report: a [`Document`](document::Document) made of what the store remembers,
//! and the formats it is handed over in.

pub mod document;
pub mod render;
