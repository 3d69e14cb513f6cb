//! IAM policy documents: statements in one shape, and what can be asked of them.
//!
//! A document is a JSON text or an `aws_iam_policy_document` data source that
//! is read later, whose blocks say the same with unknown parts. Both become
//! statements with `effect`, `actions`, `not_actions`, `resources`,
//! `not_resources`, `principals`, `not_principals` and `conditions`. The rules
//! are those of the IAM JSON policy reference (elements, wildcards, condition
//! operators); "public" and "restricting" are defined in `docs/policies.md`.

mod ask;
mod read;
#[cfg(test)]
mod tests;

pub(super) use ask::answers;
pub(super) use read::{of_data_source, of_json};
