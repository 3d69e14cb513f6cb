//! Half a year of 200 resources, 666 policies and 1 300 scans: how long a report takes. Slow to
//! make, so it is run by hand: see `benches/README.md`.

use std::time::Instant;

use abide_audit::model::AuditReport;
use abide_store::Status::Pass;
use abide_store::{AuditQuery, Store};

use crate::history::*;

/// Fills the tables as a recorder would have: each resource is evaluated by all policies, one in
/// 40 outcomes is a violation, and 120 000 outcomes change on the way. Both databases read it.
const FILL: [&str; 8] = [
    "INSERT INTO run (tenant, stream, seq, id, at, recorded_at, complete, pack, tool_version, context, inputs, summary, result_root, ledger_seq, statement)
     SELECT r.tenant, r.stream, n.n, {blob}, r.at + n.n * 11900000, r.at + n.n * 11900000, 1, 1, r.tool_version, r.context, r.inputs, r.summary, r.result_root, r.ledger_seq, r.statement
     FROM run r, {numbers:2:1300} n WHERE r.seq = 1",
    "INSERT INTO subject (tenant, id, input, address, type) SELECT 'acme', n.n, 0, 'module.m.aws_s3_bucket.b' || n.n, 'aws_s3_bucket' FROM {numbers:2:200} n",
    "INSERT INTO policy (tenant, id, policy_id) SELECT 'acme', n.n, 'POL-X' || n.n FROM {numbers:5:666} n",
    "INSERT INTO policy_version (tenant, policy, digest, severity, controls, body) SELECT 'acme', n.n, v.digest, v.severity, '[\"soc2-2017:CC' || (6 + n.n % 3) || '.' || (1 + n.n % 8) || '\",\"soc2-2017:CC6.1\"]', v.body
     FROM policy_version v, {numbers:5:666} n WHERE v.policy = 1",
    "INSERT INTO pack_policy (tenant, pack, policy, version) SELECT 'acme', 1, n.n, v.digest FROM policy_version v, {numbers:5:666} n WHERE v.policy = 1",
    "INSERT INTO detail (tenant, id, digest, json) SELECT 'acme', n.n, {blob}, '[{\"message\":\"something is wrong in way ' || n.n || '\",\"remediation\":\"mend it\"}]' FROM {numbers:2:5000} n",
    "INSERT INTO subject_state (tenant, stream, subject, from_seq, to_seq, digest) SELECT 'acme', 1, n.n, 1, NULL, s.digest FROM subject_state s, {numbers:2:200} n WHERE s.subject = 1",
    "INSERT INTO state (tenant, stream, subject, policy, from_seq, to_seq, status, detail)
     SELECT 'acme', 1, s.n, p.n, CASE i.n WHEN 1 THEN 1 ELSE 2 + (s.n * 7 + p.n * 13) % 1290 END,
            CASE WHEN i.n = 1 AND (s.n + p.n) % 10 < 9 THEN 2 + (s.n * 7 + p.n * 13) % 1290 END,
            CASE WHEN (s.n * 31 + p.n * 17 + i.n) % 40 = 0 THEN 2 ELSE 1 END, 2 + (s.n * 31 + p.n) % 4998
     FROM {numbers:2:200} s, {numbers:1:666} p, {numbers:1:2} i WHERE i.n = 1 OR (s.n + p.n) % 10 < 9",
];

/// The statements of a dialect.
fn fill(postgres: bool) -> impl Iterator<Item = String> {
    FILL.into_iter().map(move |sql| {
        let mut sql = sql.to_owned();
        while let Some(start) = sql.find("{numbers:") {
            let end = start + sql[start..].find('}').unwrap();
            let bounds: Vec<&str> = sql[start + 9..end].split(':').collect();
            let (low, high) = (bounds[0], bounds[1]);
            let numbers = if postgres {
                format!("(SELECT n FROM generate_series({low}::bigint, {high}::bigint) n)")
            } else {
                format!("(WITH RECURSIVE c(n) AS (SELECT {low} UNION ALL SELECT n + 1 FROM c WHERE n < {high}) SELECT n FROM c)")
            };
            sql.replace_range(start..=end, &numbers);
        }
        let blob = if postgres {
            "sha256(n.n::text::bytea)"
        } else {
            "CAST(printf('%032d', n.n) AS BLOB)"
        };
        sql.replace("{blob}", blob)
    })
}

fn seed(url: &str) {
    let mut store = Store::open(url).unwrap();
    let scan = Scan::new("payments", day(1), &[("a", "POL-0001", Pass)]);
    record(&mut store, &[scan]);
}

fn measure(url: &str) {
    let mut store = Store::open(url).unwrap();
    let mut asked = request(0, 181);
    asked.as_of = Some(i64::MAX);
    for _ in 0..3 {
        let start = Instant::now();
        let data = store
            .audit(&AuditQuery {
                tenant: &asked.tenant,
                targets: &[],
                from: asked.from,
                to: asked.to,
                at: i64::MAX,
                controls: "soc2-",
            })
            .unwrap();
        let read = start.elapsed();
        let report = AuditReport::build(&asked, i64::MAX, &data);
        let all = start.elapsed();
        let cells: usize = data.streams.iter().map(|stream| stream.cells.len()).sum();
        assert!(cells > 200_000 && report.controls.len() > 10);
        assert_eq!(report.completeness[0].complete, 1300);
        let evaluated = report.controls[0].evaluations.evaluated();
        eprintln!(
            "{all:?}, of which {read:?} reading: {cells} intervals, {} controls, {} deviations, {evaluated} evaluations of {}",
            report.controls.len(),
            report.deviations.len(),
            report.controls[0].label
        );
    }
}

#[test]
#[ignore = "a measurement"]
fn half_a_year_from_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("abide.db");
    seed(path.to_str().unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    for sql in fill(false) {
        db.execute_batch(&sql)
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
    drop(db);
    measure(path.to_str().unwrap());
}

/// In the database that `ABIDE_BENCH_POSTGRES` names, which must be empty.
#[test]
#[ignore = "a measurement"]
fn half_a_year_from_postgres() {
    let url = std::env::var("ABIDE_BENCH_POSTGRES").expect("ABIDE_BENCH_POSTGRES=postgres://…");
    seed(&url);
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    for sql in fill(true) {
        client
            .batch_execute(&sql)
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
    client.batch_execute("ANALYZE").unwrap();
    measure(&url);
}
