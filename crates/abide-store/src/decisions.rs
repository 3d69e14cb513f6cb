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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_appended_once_and_a_text_is_no_kind() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("a.db").display().to_string()).unwrap();
        let key = SecretKey::from_seed("abide/t", &[7; 32]);
        let asked = (
            Kind::ExceptionRequested,
            json!({"exception": "E-1", "by": "bob"}),
        );
        let approved = (
            Kind::ExceptionApproved,
            json!({"by": "ana", "exception": "E-1"}),
        );
        // Looks like an entry, and is a reason.
        let hostile = (
            Kind::ConfigChanged,
            json!({"reason": "\"kind\":\"exception.approved\""}),
        );
        store
            .append("t", std::slice::from_ref(&hostile), &key, 1)
            .unwrap();
        let mut append =
            |list: &[(Kind, Value)]| store.append_decisions("t", list, &key, 2).unwrap();
        assert_eq!(append(std::slice::from_ref(&asked)), 1);
        assert_eq!(
            append(&[asked.clone(), approved.clone(), approved.clone()]),
            1
        );
        assert_eq!(append(&[approved, asked]), 0);
        let log = store.log("t").unwrap().log;
        assert_eq!(log.entries.len(), 3);
        log.verify(key.public(), &[]).unwrap();
    }
}
