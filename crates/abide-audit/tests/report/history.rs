//! Records histories: what was scanned when, and what came out.

use std::collections::BTreeMap;

use abide_audit::model::AuditReport;
use abide_audit::{DAY, Request};
use abide_controls::Framework;
use abide_ledger::note::SecretKey;
use abide_store::{PolicyText, Record, RunContext, Snapshot, Status, Store, Subject};
use serde_json::json;

/// 2026-01-01T00:00Z.
pub(crate) const JANUARY: i64 = 1_767_225_600_000;
pub(crate) const HOUR: i64 = 3_600_000;

pub(crate) fn day(number: i64) -> i64 {
    JANUARY + number * DAY
}

pub(crate) fn key() -> SecretKey {
    SecretKey::from_seed("abide/acme", &[7; 32])
}

/// A policy with its controls.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) id: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) controls: &'static [&'static str],
    /// Another text of the same policy.
    pub(crate) version: u32,
}

pub(crate) const ENCRYPTION: Policy = Policy {
    id: "POL-0001",
    severity: "critical",
    controls: &["soc2-2017:CC6.1:encryption", "pci-dss-4.0.1:3.5.1"],
    version: 1,
};
pub(crate) const INGRESS: Policy = Policy {
    id: "POL-0002",
    severity: "high",
    controls: &["soc2-2017:CC6.6"],
    version: 1,
};
pub(crate) const BACKUP: Policy = Policy {
    id: "POL-0003",
    severity: "medium",
    controls: &["soc2-2017:A1.2", "soc2-2017:CC6.1"],
    version: 1,
};
pub(crate) const OTHER: Policy = Policy {
    id: "POL-0009",
    severity: "low",
    controls: &["cis-aws-7.0.0:2.21"],
    version: 1,
};

/// One evaluation.
pub(crate) type Outcome = (&'static str, &'static str, Status);

/// A scan of a target.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) target: &'static str,
    pub(crate) at: i64,
    pub(crate) policies: Vec<Policy>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) complete: bool,
    pub(crate) pull_request: Option<&'static str>,
    pub(crate) commit: Option<String>,
    pub(crate) slot: Option<i64>,
    pub(crate) exception: &'static str,
    pub(crate) recorded_at: i64,
}

impl Scan {
    pub(crate) fn new(target: &'static str, at: i64, outcomes: &[Outcome]) -> Self {
        Self {
            target,
            at,
            policies: vec![ENCRYPTION, INGRESS, BACKUP, OTHER],
            outcomes: outcomes.to_vec(),
            complete: true,
            pull_request: None,
            commit: Some(format!("c{at}")),
            slot: None,
            exception: "EXC-1",
            recorded_at: at,
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut results: BTreeMap<Subject, BTreeMap<String, Record>> = BTreeMap::new();
        for (address, policy, status) in &self.outcomes {
            let subject = Subject {
                input: 0,
                address: (*address).to_owned(),
                resource_type: "aws_s3_bucket".to_owned(),
            };
            let record = self.record(address, policy, *status);
            let of_subject = results.entry(subject).or_default();
            of_subject.insert((*policy).to_owned(), record);
        }
        let policies = self.policies.iter().map(|policy| {
            let text = PolicyText {
                severity: policy.severity.to_owned(),
                controls: policy.controls.iter().map(|id| (*id).to_owned()).collect(),
                body: json!({"id": policy.id, "title": format!("Title of {}", policy.id), "version": policy.version,
                             "controls": policy.controls, "rollout": "enforce"}).to_string(),
            };
            (policy.id.to_owned(), text)
        });
        Snapshot {
            format: 1,
            context: RunContext {
                tenant: "acme".to_owned(),
                stream: self.target.to_owned(),
                kind: "plan".to_owned(),
                actor: Some("alice".to_owned()),
                repository: Some("acme/infra".to_owned()),
                commit: self.commit.clone(),
                pull_request: self.pull_request.map(str::to_owned),
                slot: self.slot,
                ..RunContext::default()
            },
            at: self.at,
            complete: self.complete,
            tool_version: "0.1.0".to_owned(),
            inputs: json!([{"name": "plan.json", "kind": "plan", "resources": results.len() + 1}]),
            summary: json!({"counts": {"error": u8::from(!self.complete)}, "unchecked_types": {"aws_odd_thing": 1}}),
            policies: policies.collect(),
            results: if self.complete {
                results
            } else {
                BTreeMap::new()
            },
        }
    }

    fn record(&self, address: &str, policy: &str, status: Status) -> Record {
        let mut detail = json!({"message": format!("{policy} says {status:?} of {address}"), "remediation": "mend it"});
        if status == Status::Excepted {
            detail["exception"] = json!({"id": self.exception, "reason": "planned", "approver": "bob", "expires": "2026-03-31"});
        }
        Record {
            status,
            detail: format!("[{detail}]"),
            fingerprint: format!("{address}/{policy}"),
            previous_fingerprint: None,
        }
    }
}

/// A store in memory with these scans, in the order in which they are recorded.
pub(crate) fn recorded(scans: &[Scan]) -> Store {
    let mut store = Store::open(":memory:").expect("open");
    record(&mut store, scans);
    store
}

pub(crate) fn record(store: &mut Store, scans: &[Scan]) {
    for scan in scans {
        store
            .record(&scan.snapshot(), &key(), scan.recorded_at)
            .expect("recorded");
    }
}

/// A report on SOC 2 of days of 2026.
pub(crate) fn request(from: i64, to: i64) -> Request {
    Request {
        framework: Framework::Soc2,
        tenant: "acme".to_owned(),
        targets: Vec::new(),
        from: day(from),
        to: day(to),
        as_of: None,
        max_gap_days: 7,
    }
}

pub(crate) fn report(scans: &[Scan], request: &Request) -> AuditReport {
    let (report, _) = AuditReport::read(&mut recorded(scans), request).expect("report");
    report
}
