//! Decides which resources follow which policies.

pub mod address;
pub mod attribute;
pub mod baseline;
pub mod config;
pub mod diagnostic;
pub mod drift;
pub mod engine;
pub mod exception;
pub mod finding;
pub mod gate;
pub mod inventory;
pub mod locate;
pub mod policy;
pub mod provenance;
pub mod refine;
pub mod remedy;
pub mod request;
pub mod rollout;
pub mod scan;
pub mod source;
pub mod value;
