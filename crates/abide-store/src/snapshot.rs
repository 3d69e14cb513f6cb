//! What is recorded of a scan: everything a reader of it could ask for later, and nothing
//! of the machine it ran on. It is also the form in which a scan waits in a spool file.

use std::collections::BTreeMap;

use abide_core::finding::{AppliedException, Finding, Outcome};
use abide_core::scan::{Scan, Summary};
use abide_ledger::entry::canonical;
use abide_ledger::note::hex;
use abide_ledger::tree::{Hash, leaf_hash, root, sha256};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::StoreError;

/// Whose scan it is, and why it ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunContext {
    /// Who owns the history.
    pub tenant: String,
    /// The sequence of scans it belongs to, e.g. `payments/prod`.
    pub stream: String,
    /// What gave rise to it: `plan`, `pr`, `drift`, …
    pub kind: String,
    /// Who ran it.
    pub actor: Option<String>,
    /// The repository.
    pub repository: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// The branch or tag.
    pub branch: Option<String>,
    /// The pull or merge request.
    pub pull_request: Option<String>,
    /// The ticket.
    pub ticket: Option<String>,
    /// The address of the CI run.
    pub ci_run: Option<String>,
    /// SHA-256 of each input, in hexadecimal, in their order.
    pub input_digests: Vec<String>,
    /// The due time this scan answers, in milliseconds since 1970.
    pub slot: Option<i64>,
}

/// What came out for one resource and one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The policy is followed.
    Pass,
    /// An exception covers the violation.
    Excepted,
    /// The input cannot tell.
    Unknown,
    /// The policy could not be evaluated.
    Error,
    /// The policy is broken.
    Fail,
}

impl Status {
    /// Its number in the store.
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Pass => 1,
            Self::Fail => 2,
            Self::Unknown => 3,
            Self::Error => 4,
            Self::Excepted => 5,
        }
    }

    pub(crate) fn from_code(code: i64) -> Result<Self, StoreError> {
        Ok(match code {
            1 => Self::Pass,
            2 => Self::Fail,
            3 => Self::Unknown,
            4 => Self::Error,
            5 => Self::Excepted,
            _ => return Err(StoreError::Damaged(format!("status {code}"))),
        })
    }

    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Excepted => "excepted",
            Self::Unknown => "unknown",
            Self::Error => "error",
            Self::Fail => "fail",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        let all = [
            Self::Pass,
            Self::Excepted,
            Self::Unknown,
            Self::Error,
            Self::Fail,
        ];
        all.into_iter().find(|status| status.as_str() == word)
    }

    /// `None` for not applicable, which is not stored.
    fn of(finding: &Finding) -> Option<Self> {
        Some(match finding.outcome {
            Outcome::Pass => Self::Pass,
            Outcome::Fail if finding.exception.is_some() => Self::Excepted,
            Outcome::Fail => Self::Fail,
            Outcome::Unknown => Self::Unknown,
            Outcome::Error => Self::Error,
            Outcome::NotApplicable => return None,
        })
    }
}

/// A resource of an input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// Position of the input.
    pub input: u32,
    /// Its address, or `root`.
    pub address: String,
    /// Its type, or `account`.
    pub resource_type: String,
}

/// One evaluation as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What came out.
    pub status: Status,
    /// Canonical JSON: message, remediation, attribute, found, expected, facts, exception.
    pub detail: String,
    /// Identity across scans, of violations.
    pub fingerprint: String,
    /// The identity it had before its resource was moved.
    pub previous_fingerprint: Option<String>,
}

/// A policy in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyText {
    /// `critical` to `low`.
    pub severity: String,
    /// Ids with their editions.
    pub controls: Vec<String>,
    /// Canonical JSON of the whole policy as the scan used it.
    pub body: String,
}

/// The digests of a scan.
pub(crate) struct Digests {
    /// Of everything.
    pub(crate) id: Hash,
    /// Over all results.
    pub(crate) root: Hash,
    /// Of the set of policies.
    pub(crate) pack: Hash,
    /// The leaf of each resource, in their order.
    pub(crate) leaves: Vec<Hash>,
}

/// A scan, ready to be recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Version of this form; 1.
    pub format: u32,
    /// Whose and why.
    pub context: RunContext,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Whether everything was judged.
    pub complete: bool,
    /// The program's version.
    pub tool_version: String,
    /// Inputs, as JSON.
    pub inputs: Value,
    /// Counts, and the types no policy knows.
    pub summary: Value,
    /// Policies in force.
    pub policies: BTreeMap<String, PolicyText>,
    /// Evaluations, by resource and policy.
    #[serde(with = "pairs")]
    pub results: BTreeMap<Subject, BTreeMap<String, Record>>,
}

/// A map with keys that are no texts, as a list.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Record, Subject};

    type Results = BTreeMap<Subject, BTreeMap<String, Record>>;

    pub(super) fn serialize<S: Serializer>(map: &Results, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(map.iter())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Results, D::Error> {
        Ok(Vec::deserialize(from)?.into_iter().collect())
    }
}

impl Snapshot {
    /// Takes a scan that was made with all results.
    #[must_use]
    pub fn of(scan: &Scan, context: RunContext) -> Self {
        let inputs = scan.inputs.iter().enumerate().map(|(at, input)| {
            json!({"name": input.name, "kind": input.kind, "resources": input.resources,
                   "terraform_version": input.terraform_version, "sha256": context.input_digests.get(at)})
        });
        let mut results: BTreeMap<Subject, BTreeMap<String, Vec<Record>>> = BTreeMap::new();
        for finding in &scan.findings {
            let Some(record) = record(finding) else {
                continue;
            };
            let subject = Subject {
                input: finding.input,
                address: finding.resource_address.as_str().to_owned(),
                resource_type: finding.resource_type.to_string(),
            };
            let policy = scan.policy_of(finding).id.clone();
            let of_subject = results.entry(subject).or_default();
            of_subject.entry(policy).or_default().push(record);
        }
        let merged = results.into_iter().map(|(subject, records)| {
            let records = records
                .into_iter()
                .filter_map(|(id, all)| Some((id, merge(all)?)));
            (subject, records.collect())
        });
        let policies = scan.policies.iter().map(|policy| {
            let controls: Vec<String> = policy.controls.iter().map(ToString::to_string).collect();
            let body = canonical(&json!({
                "id": policy.id, "title": policy.title, "severity": policy.severity.as_str(),
                "rollout": policy.rollout.as_str(), "controls": controls, "why": policy.why,
                "remediation": policy.remediation, "references": policy.references,
            }));
            let severity = policy.severity.as_str().to_owned();
            (
                policy.id.clone(),
                PolicyText {
                    severity,
                    controls,
                    body,
                },
            )
        });
        Self {
            format: 1,
            at: scan.at.as_millisecond(),
            complete: scan.is_complete(),
            tool_version: scan.tool_version.to_string(),
            inputs: inputs.collect(),
            summary: json!({"counts": counts(&scan.summary), "unchecked_types": scan.unchecked_types}),
            policies: policies.collect(),
            results: merged.collect(),
            context,
        }
    }

    /// The digest of the set of policies.
    #[must_use]
    pub fn pack_digest(&self) -> Hash {
        let leaves = self
            .policies
            .values()
            .map(|policy| leaf_hash(policy.body.as_bytes()));
        root(&leaves.collect::<Vec<_>>())
    }

    /// All digests of this scan, each computed once.
    pub(crate) fn digests(&self) -> Result<Digests, StoreError> {
        // Nearly all of the time a scan without changes takes: a hash for each result.
        let leaves: Vec<Hash> = self
            .results
            .par_iter()
            .map(|(subject, records)| subject_leaf(subject, &subject_digest(records)))
            .collect();
        let root = root(if self.complete { &leaves } else { &[] });
        let pack = self.pack_digest();
        Ok(Digests {
            id: self.id(&pack, &root)?,
            root,
            pack,
            leaves,
        })
    }

    /// What makes this scan this scan: the same content twice is the same scan.
    fn id(&self, pack: &Hash, root: &Hash) -> Result<Hash, StoreError> {
        let context = serde_json::to_value(&self.context)
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok(sha256(
            canonical(&json!({
                "context": context, "at": self.at, "complete": self.complete,
                "tool": self.tool_version, "inputs": self.inputs, "summary": self.summary,
                "pack": hex(pack), "root": hex(root),
            }))
            .as_bytes(),
        ))
    }

    /// Framework editions that the policies speak of.
    pub(crate) fn editions(&self) -> Vec<String> {
        let controls = self.policies.values().flat_map(|policy| &policy.controls);
        let editions =
            controls.filter_map(|id| id.split_once(':').map(|(edition, _)| edition.to_owned()));
        editions
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect()
    }
}

fn counts(summary: &Summary) -> Value {
    serde_json::to_value(summary).unwrap_or_default()
}

fn record(finding: &Finding) -> Option<Record> {
    let status = Status::of(finding)?;
    // Lines of files are left out: a moved line is no change of the resource.
    let mut detail = json!({"message": finding.message});
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            detail[name] = value;
        }
    };
    if status != Status::Pass {
        put("remediation", json!(finding.remediation));
        put("expected", json!(finding.expected));
        if !finding.facts.is_empty() {
            put("facts", json!(finding.facts));
        }
        if !finding.waits_for.is_empty() {
            put("waits_for", json!(finding.waits_for));
        }
    }
    put(
        "attribute",
        json!(finding.attribute.as_ref().map(ToString::to_string)),
    );
    put("found", json!(finding.found));
    if let Some(exception) = &finding.exception {
        put("exception", exception_detail(exception));
    }
    Some(Record {
        status,
        detail: canonical(&detail),
        fingerprint: finding.fingerprint.to_string(),
        previous_fingerprint: finding.previous_fingerprint.map(|print| print.to_string()),
    })
}

/// What reports say of an exception; where it is written is no part of that.
fn exception_detail(exception: &AppliedException) -> Value {
    let mut out = json!({"id": exception.id, "reason": exception.reason, "category": exception.category,
        "approver": exception.approver, "approvers": exception.approvers, "expires": exception.expires});
    for (name, value) in [
        ("requester", &exception.requester),
        ("ticket", &exception.ticket),
        ("compensating_control", &exception.compensating_control),
    ] {
        if let Some(value) = value {
            out[name] = json!(value);
        }
    }
    out
}

/// Several evaluations of one policy on one resource (Rego) are one record with all details;
/// the worst status counts.
fn merge(mut records: Vec<Record>) -> Option<Record> {
    records.sort_by(|a, b| {
        b.status
            .cmp(&a.status)
            .then_with(|| a.detail.cmp(&b.detail))
    });
    let details: Vec<&str> = records
        .iter()
        .map(|record| record.detail.as_str())
        .collect();
    let detail = format!("[{}]", details.join(","));
    let worst = records.into_iter().next()?;
    Some(Record { detail, ..worst })
}

/// The digest of what a resource's policies said.
pub(crate) fn subject_digest(records: &BTreeMap<String, Record>) -> Hash {
    let rows = records.iter();
    digest_rows(
        rows.map(|(id, record)| (id.as_str(), record.status, sha256(record.detail.as_bytes()))),
    )
}

/// The same, from what the store holds; rows in the order of policy ids.
pub(crate) fn digest_rows<'a>(rows: impl Iterator<Item = (&'a str, Status, Hash)>) -> Hash {
    let mut bytes = Vec::new();
    for (policy, status, detail) in rows {
        bytes.extend((policy.len() as u64).to_le_bytes());
        bytes.extend(policy.as_bytes());
        bytes.extend(status.code().to_le_bytes());
        bytes.extend(detail);
    }
    sha256(&bytes)
}

/// A resource's leaf in the root of a scan.
pub(crate) fn subject_leaf(subject: &Subject, digest: &Hash) -> Hash {
    let mut bytes = subject.input.to_le_bytes().to_vec();
    for text in [&subject.address, &subject.resource_type] {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes.extend(digest);
    leaf_hash(&bytes)
}
