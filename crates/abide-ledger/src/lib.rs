//! The append-only record of scans and decisions, without SQL, so that it can be verified
//! anywhere: the tree of RFC 6962, checkpoints and proofs as C2SP describes them, statements
//! of in-toto in DSSE envelopes.

pub mod entry;
pub mod note;
pub mod rotation;
pub mod statement;
pub mod tree;
pub mod verify;
