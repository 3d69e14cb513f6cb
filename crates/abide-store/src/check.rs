//! Compares what is stored with what the ledger says of it.

use std::collections::BTreeMap;
use std::path::Path;

use abide_ledger::entry::Kind;
use abide_ledger::note::hex;
use abide_ledger::tree::Hash;
use serde_json::Value;

use crate::read::results_of;
use crate::{Interval, Store, StoreError, archive};

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Scans whose results came back with the root that the ledger has.
    pub reproduced: usize,
    /// Scans whose results were moved to the archive, which was not given.
    pub pruned: usize,
}

/// What a `run.finished` entry says.
struct Run<'e> {
    entry: usize,
    stream: &'e str,
    scan: i64,
    root: &'e Value,
    complete: &'e Value,
}

impl Store {
    /// Reproduces every scan that the ledger names. The first that is missing or different is an
    /// error. With the archive, also those that were moved there.
    ///
    /// # Errors
    /// If something is missing or different, or the store fails.
    pub fn check_scans(
        &mut self,
        tenant: &str,
        archive: Option<&Path>,
    ) -> Result<Checked, StoreError> {
        let entries = self.log(tenant)?.log.entries;
        let entries = entries.iter().enumerate().map(|(at, (text, _))| {
            serde_json::from_str(text)
                .map_err(|error| StoreError::Damaged(format!("entry {at}: {error}")))
        });
        let entries: Vec<Value> = entries.collect::<Result<_, _>>()?;
        let of_kind = |kind: Kind| {
            let entries = entries.iter().enumerate();
            entries.filter(move |(_, entry)| entry["kind"] == kind.as_str())
        };
        let mut below: BTreeMap<&str, i64> = BTreeMap::new();
        let mut archived: BTreeMap<&str, Vec<Interval>> = BTreeMap::new();
        for (at, entry) in of_kind(Kind::StorePruned) {
            let body = &entry["body"];
            let stream = body["stream"].as_str().unwrap_or_default();
            let limit = body["below"].as_i64().unwrap_or_default();
            let known = below.entry(stream).or_default();
            *known = limit.max(*known);
            if let Some(folder) = archive {
                let rows =
                    archive::read(folder, tenant, body).map_err(|error| place(at, &error))?;
                archived.entry(stream).or_default().extend(rows);
            }
        }
        let mut checked = Checked::default();
        for (entry, value) in of_kind(Kind::RunFinished) {
            let body = &value["body"];
            let run = Run {
                entry,
                stream: body["stream"].as_str().unwrap_or_default(),
                scan: body["scan"].as_i64().unwrap_or_default(),
                root: &body["result_root"],
                complete: &body["complete"],
            };
            let pruned = below.get(run.stream).is_some_and(|below| run.scan < *below);
            let moved = archived.get(run.stream).filter(|_| pruned);
            let done = self.check_run(tenant, &run, pruned, moved.map(Vec::as_slice));
            match done.map_err(|error| place(entry, &error))? {
                true => checked.reproduced += 1,
                false => checked.pruned += 1,
            }
        }
        Ok(checked)
    }

    /// Whether the scan was reproduced; otherwise it is in the archive.
    fn check_run(
        &mut self,
        tenant: &str,
        run: &Run<'_>,
        pruned: bool,
        moved: Option<&[Interval]>,
    ) -> Result<bool, StoreError> {
        let (root, complete) = self.run_root(tenant, run.stream, run.scan)?;
        if *run.root != hex(&root) || *run.complete != complete {
            return Err(StoreError::Damaged(format!(
                "scan {} of `{}` has another root in the store than in entry {}",
                run.scan, run.stream, run.entry
            )));
        }
        let holds = |interval: &&Interval| {
            interval.from <= run.scan && interval.to.is_some_and(|to| to > run.scan)
        };
        match (complete, pruned, moved) {
            (false, ..) => Ok(true),
            (true, false, _) => self.results(tenant, run.stream, run.scan).map(|_| true),
            (true, true, None) => Ok(false),
            (true, true, Some(moved)) => {
                let mut all = self.stored(tenant, run.stream, run.scan, run.scan + 1)?;
                all.extend(moved.iter().filter(holds).cloned());
                match results_of(all, &root) {
                    Some(_) => Ok(true),
                    None => Err(StoreError::Damaged(format!(
                        "scan {} of `{}`: archive and store together do not have the root that was recorded",
                        run.scan, run.stream
                    ))),
                }
            }
        }
    }

    fn run_root(
        &mut self,
        tenant: &str,
        stream: &str,
        seq: i64,
    ) -> Result<(Hash, bool), StoreError> {
        let rows = self.db.query(
            "SELECT r.result_root, r.complete FROM run r JOIN stream n ON n.tenant = r.tenant AND n.id = r.stream
             WHERE r.tenant = $1 AND n.name = $2 AND r.seq = $3",
            &[tenant.into(), stream.into(), seq.into()],
        )?;
        let row = rows
            .first()
            .ok_or_else(|| StoreError::NotFound(format!("scan {seq} of `{stream}`")))?;
        Ok((row.hash(0)?, row.int(1)? == 1))
    }

    /// The ledger entry of a scan, by its id.
    pub fn entry_of_scan(&mut self, tenant: &str, id: &str) -> Result<u64, StoreError> {
        let missing = || StoreError::NotFound(format!("scan `{id}`"));
        let bundle = self.log(tenant)?;
        let of_scan = |(text, _): &(String, Option<Hash>)| {
            serde_json::from_str::<Value>(text).is_ok_and(|value| {
                value["kind"] == Kind::RunFinished.as_str() && value["body"]["id"] == id
            })
        };
        let at = bundle
            .log
            .entries
            .iter()
            .position(of_scan)
            .ok_or_else(missing)?;
        u64::try_from(at).map_err(|_| missing())
    }
}

fn place(entry: usize, error: &StoreError) -> StoreError {
    StoreError::Damaged(format!("entry {entry}: {error}"))
}
