//! Drives the core through its public arrows: load, evaluate.

mod corpus;
mod fixtures;
mod support;
