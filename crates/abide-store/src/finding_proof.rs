//! One finding, with everything that shows it was in a scan that the ledger has.

use abide_ledger::entry::Entry;
use abide_ledger::note::{Checkpoint, Proof, PublicKey, hex};
use abide_ledger::tree::{root_from_proof, sha256};
use abide_ledger::verify::verify_proof;
use serde::{Deserialize, Serialize};

use crate::read::subject;
use crate::snapshot::{Status, Subject, digest_rows, subject_leaf};
use crate::{Store, StoreError};

/// What one policy said of the resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The policy.
    pub policy: String,
    /// What came out.
    pub status: Status,
    /// Details, as JSON.
    pub detail: String,
}

/// From a finding to a signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingProof {
    /// What this is: `abide-finding-proof/1`.
    pub format: String,
    /// Identity of the finding.
    pub fingerprint: String,
    /// Its policy.
    pub policy: String,
    /// Its resource.
    pub subject: Subject,
    /// All that was said of the resource in the scan that opened the finding.
    pub results: Vec<Said>,
    /// Position of the resource among all of the scan, and their number.
    pub index: u64,
    /// Number of resources of the scan.
    pub resources: u64,
    /// Hashes from the resource to the root of the scan, in hexadecimal.
    pub path: Vec<String>,
    /// The scan's entry of the ledger.
    pub entry: String,
    /// The proof of that entry, as in a `.tlog-proof` file.
    pub proof: String,
}

const FORMAT: &str = "abide-finding-proof/1";

impl Store {
    /// Proves the newest finding with this fingerprint.
    ///
    /// # Errors
    /// If there is none, its scan was pruned, or the store fails.
    pub fn prove_finding(
        &mut self,
        tenant: &str,
        fingerprint: &str,
    ) -> Result<FindingProof, StoreError> {
        let rows = self.db.query(
            "SELECT u.input, u.address, u.type, p.policy_id, n.name, f.opened_seq, r.ledger_seq
             FROM finding f JOIN subject u ON u.tenant = f.tenant AND u.id = f.subject
             JOIN policy p ON p.tenant = f.tenant AND p.id = f.policy
             JOIN stream n ON n.tenant = f.tenant AND n.id = f.stream
             JOIN run r ON r.tenant = f.tenant AND r.stream = f.stream AND r.seq = f.opened_seq
             WHERE f.tenant = $1 AND f.fingerprint = $2 ORDER BY r.at DESC LIMIT 1",
            &[tenant.into(), fingerprint.into()],
        )?;
        let missing = || StoreError::NotFound(format!("finding `{fingerprint}`"));
        let row = rows.first().ok_or_else(missing)?;
        let subject = subject(row)?;
        let (policy, stream, scan) = (row.text(3)?, row.text(4)?, row.int(5)?);
        let results = self.prove_result(tenant, &stream, scan, &subject)?;
        let seq = u64::try_from(row.int(6)?).map_err(|_| missing())?;
        let (entry, proof) = self.prove(tenant, seq)?;
        Ok(FindingProof {
            format: FORMAT.to_owned(),
            fingerprint: fingerprint.to_owned(),
            policy,
            results: results
                .rows
                .into_iter()
                .map(|(policy, status, detail)| Said {
                    policy,
                    status,
                    detail,
                })
                .collect(),
            subject,
            index: results.index as u64,
            resources: results.size as u64,
            path: results.path.iter().map(|hash| hex(hash)).collect(),
            entry,
            proof: proof.to_string(),
        })
    }
}

impl FindingProof {
    /// Checks every step: results to resource, resource to scan, scan to ledger, ledger to key.
    /// Gives the checkpoint it ends at.
    ///
    /// # Errors
    /// With the first step that does not hold.
    pub fn verify(&self, key: &PublicKey) -> Result<Checkpoint, StoreError> {
        let broken = |what: &str| StoreError::Damaged(format!("the proof does not hold: {what}"));
        if self.format != FORMAT {
            return Err(broken("it is of another form; use a newer abide"));
        }
        if !self.results.iter().any(|said| said.policy == self.policy) {
            return Err(broken("the policy said nothing of the resource"));
        }
        let rows = self.results.iter();
        let rows = rows.map(|said| {
            (
                said.policy.as_str(),
                said.status,
                sha256(said.detail.as_bytes()),
            )
        });
        let leaf = subject_leaf(&self.subject, &digest_rows(rows));
        let path: Option<Vec<_>> = self.path.iter().map(|hash| unhex(hash)).collect();
        let path = path.ok_or_else(|| broken("a hash is no SHA-256"))?;
        let root = root_from_proof(leaf, self.index, self.resources, &path)
            .ok_or_else(|| broken("the path has another length"))?;
        let entry: serde_json::Value = serde_json::from_str(&self.entry)
            .map_err(|error| broken(&format!("its entry: {error}")))?;
        if entry["body"]["result_root"] != hex(&root) {
            return Err(broken("the resource is not in the scan of the entry"));
        }
        let proof = Proof::parse(&self.proof).map_err(|error| broken(&error.to_string()))?;
        let entry = Entry {
            seq: proof.index,
            text: self.entry.clone(),
        };
        verify_proof(&entry, &proof, key).map_err(|error| broken(&error.to_string()))
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let bytes = text.as_bytes();
    let mut hash = [0; 32];
    if bytes.len() != 64 {
        return None;
    }
    for (to, pair) in hash.iter_mut().zip(bytes.chunks(2)) {
        *to = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}
