//! What an audit report reads, against what the other questions say.

use abide_ledger::tree::root_from_proof;
use abide_store::{AuditQuery, Status, Store, StoreError, Subject};

use super::{HOUR, T0, record_all};

fn query(controls: &str, at: i64) -> AuditQuery<'_> {
    AuditQuery {
        tenant: "acme",
        targets: &[],
        from: T0 + 2 * HOUR,
        to: T0 + 5 * HOUR,
        at,
        controls,
    }
}

pub(crate) fn audits(url: &str) {
    let mut store = Store::open(url).expect("open");
    record_all(&mut store);
    let data = store.audit(&query("pci-dss-", i64::MAX)).expect("audit");
    let stream = &data.streams[0];
    assert_eq!((stream.total, stream.first_at), (6, Some(T0 + HOUR)));
    // The whole scan before the period, and all since.
    let seqs: Vec<i64> = stream.runs.iter().map(|run| run.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
    assert!(!stream.runs[3].complete);

    let name = |number: i64| data.subjects[&number].clone();
    let mut cells: Vec<_> = stream
        .cells
        .iter()
        .map(|cell| {
            (
                name(cell.subject),
                data.policies[&cell.policy].clone(),
                cell.from,
                cell.to,
                cell.status,
            )
        })
        .collect();
    cells.sort();
    let intervals = store
        .intervals("acme", "payments", 1, 7)
        .expect("intervals");
    let mut expected: Vec<_> = intervals
        .iter()
        .map(|one| {
            (
                one.subject.clone(),
                one.policy.clone(),
                one.from,
                one.to,
                one.status,
            )
        })
        .collect();
    expected.sort();
    assert_eq!(cells, expected);
    for cell in &stream.cells {
        let detail = data.details.get(&cell.detail);
        assert_eq!(detail.is_some(), cell.status != Status::Pass);
    }
    let mut lives: Vec<_> = stream
        .lives
        .iter()
        .map(|life| {
            (
                name(life.subject),
                life.opened,
                life.first_seen,
                life.closed,
                life.reason.clone(),
            )
        })
        .collect();
    lives.sort();
    let findings = store.findings("acme", "payments").expect("findings");
    let mut expected: Vec<_> = findings
        .iter()
        .map(|one| {
            (
                one.subject.clone(),
                one.opened,
                one.first_seen,
                one.closed,
                one.reason.clone(),
            )
        })
        .collect();
    expected.sort();
    assert_eq!(lives, expected);
    assert_eq!(stream.presence.len(), 3);
    let sizes: Vec<i64> = data.packs.values().map(|pack| pack.size).collect();
    assert_eq!(sizes, [2, 1]);
    assert_eq!(data.ledger.size, 8);
    let kinds: Vec<&str> = data
        .events
        .iter()
        .map(|event| event.kind.as_str())
        .collect();
    assert_eq!(kinds, ["policy.bundle", "policy.bundle"]);

    // Other frameworks have no policy here, but their scans count.
    let other = store.audit(&query("soc2-", i64::MAX)).expect("audit");
    assert!(other.policies.is_empty() && other.streams[0].cells.is_empty());
    assert_eq!(other.streams[0].runs.len(), 6);
}

pub(crate) fn audits_the_past(url: &str) {
    let mut store = Store::open(url).expect("open");
    record_all(&mut store);
    let data = store.audit(&query("", T0 + 3 * HOUR)).expect("audit");
    let stream = &data.streams[0];
    assert_eq!(stream.runs.len(), 3);
    assert_eq!(stream.total, 3);
    assert!(stream.lives.iter().all(|life| life.closed.is_none()));
    assert_eq!((data.ledger.size, data.ledger.checkpoints), (4, 3));
    assert_eq!(data.events.len(), 1);
    let targets = ["shop".to_owned()];
    let asked = AuditQuery {
        targets: &targets,
        ..query("", i64::MAX)
    };
    let error = store.audit(&asked).expect_err("no such target");
    assert!(error.to_string().contains("known: payments"), "{error}");
    let nobody = AuditQuery {
        tenant: "nobody",
        ..query("", i64::MAX)
    };
    assert!(matches!(store.audit(&nobody), Err(StoreError::NotFound(_))));
}

pub(crate) fn proves_results(url: &str) {
    let mut store = Store::open(url).expect("open");
    record_all(&mut store);
    let subject = Subject {
        input: 0,
        address: "c".to_owned(),
        resource_type: "aws_s3_bucket".to_owned(),
    };
    let proof = store
        .prove_result("acme", "payments", 5, &subject)
        .expect("proof");
    assert_eq!((proof.index, proof.size, proof.rows.len()), (1, 2, 1));
    let leaf = proof.leaf(&subject);
    let runs = store.runs("acme", "payments", 0, i64::MAX).expect("runs");
    let root = root_from_proof(leaf, 1, 2, &proof.path);
    assert_eq!(root, Some(runs[4].result_root));
    // The fourth was partial: nothing can be shown of it.
    assert!(store.prove_result("acme", "payments", 4, &subject).is_err());
    assert!(store.prove_result("acme", "payments", 3, &subject).is_err());
}
