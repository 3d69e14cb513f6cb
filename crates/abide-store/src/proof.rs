//! Shows that a resource's results belong to a recorded scan.

use abide_ledger::tree::{Hash, inclusion_proof, sha256};

use crate::read::leaves;
use crate::snapshot::{Status, Subject, digest_rows, subject_leaf};
use crate::{Store, StoreError};

/// The results of one resource in a scan, and the way from them to the scan's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultProof {
    /// Status and details by policy, of all policies.
    pub rows: Vec<(String, Status, String)>,
    /// Position of the resource among those of the scan.
    pub index: usize,
    /// How many there are.
    pub size: usize,
    /// Hashes from the leaf to the root (RFC 6962).
    pub path: Vec<Hash>,
}

impl ResultProof {
    /// The resource's leaf in the tree of the scan.
    #[must_use]
    pub fn leaf(&self, subject: &Subject) -> Hash {
        let rows = self.rows.iter();
        let rows =
            rows.map(|(id, status, detail)| (id.as_str(), *status, sha256(detail.as_bytes())));
        subject_leaf(subject, &digest_rows(rows))
    }
}

impl Store {
    /// The results of a resource in a whole scan, which must give the root that was recorded.
    ///
    /// # Errors
    /// If there is no such scan or resource, or the store does not hold what was recorded.
    pub fn prove_result(
        &mut self,
        tenant: &str,
        stream: &str,
        seq: i64,
        subject: &Subject,
    ) -> Result<ResultProof, StoreError> {
        let missing =
            || StoreError::NotFound(format!("`{}` in scan {seq} of `{stream}`", subject.address));
        let results = self.results(tenant, stream, seq)?.ok_or_else(missing)?;
        let index = results
            .keys()
            .position(|known| known == subject)
            .ok_or_else(missing)?;
        let leaves = leaves(&results);
        let rows = results.get(subject).ok_or_else(missing)?;
        Ok(ResultProof {
            rows: rows
                .iter()
                .map(|(id, (status, detail))| (id.clone(), *status, detail.clone()))
                .collect(),
            index,
            size: leaves.len(),
            path: inclusion_proof(&leaves, index).ok_or_else(missing)?,
        })
    }
}
