//! What people decided about exceptions: each decision stands in the ledger once.

use std::collections::BTreeSet;

use abide_ledger::entry::{Kind, canonical};
use abide_ledger::note::SecretKey;
use serde_json::{Value, json};

use crate::ledger::Appender;
use crate::{Store, StoreError};

impl Store {
    /// Appends those decisions that are not in the ledger yet, by their kind and body; gives
    /// how many are new.
    pub fn append_decisions(
        &mut self,
        tenant: &str,
        decisions: &[(Kind, Value)],
        key: &SecretKey,
        now: i64,
    ) -> Result<usize, StoreError> {
        self.write(tenant, |db| {
            // In canonical JSON a quote within a text has a backslash before it, so this finds kinds only.
            let rows = db.query(
                "SELECT text FROM ledger_entry WHERE tenant = $1 AND text LIKE '%\"kind\":\"exception.%'",
                &[tenant.into()],
            )?;
            let mut known = BTreeSet::new();
            for row in rows {
                let entry: Value = serde_json::from_str(&row.text(0)?)
                    .map_err(|error| StoreError::Damaged(format!("an entry of the ledger: {error}")))?;
                known.insert(identity(&entry["kind"], &entry["body"]));
            }
            let new = decisions
                .iter()
                .filter(|(kind, body)| known.insert(identity(&kind.as_str().into(), body)));
            let new: Vec<_> = new.collect();
            if new.is_empty() {
                return Ok(0);
            }
            let mut ledger = Appender::open(db, tenant, key, now)?;
            for (kind, body) in &new {
                ledger.append(db, *kind, body.clone())?;
            }
            ledger.close(db)?;
            Ok(new.len())
        })
    }
}

fn identity(kind: &Value, body: &Value) -> String {
    canonical(&json!([kind, body]))
}
