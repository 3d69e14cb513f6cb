//! Which accounts the targets are in, and where to look.

use std::collections::BTreeMap;

use abide_aws::Session;
use abide_aws::unmanaged::Held;
use abide_report::UnmanagedAccount;
use anyhow::bail;

use crate::commands::aws::session;
use crate::config::Target;

/// One account with the targets that are in it.
pub(super) struct Account<'t> {
    pub(super) id: String,
    pub(super) session: Session,
    /// The first one's credentials are used.
    pub(super) targets: Vec<&'t Target>,
}

/// Asks for each target whose credentials it has; one that cannot be told does not stop the others.
pub(super) fn of<'t>(targets: &[&'t Target]) -> (Vec<Account<'t>>, Vec<UnmanagedAccount>) {
    let mut accounts: BTreeMap<String, Account<'t>> = BTreeMap::new();
    let mut failed = Vec::new();
    for target in targets {
        match session(target) {
            Ok((id, session)) => {
                let account = accounts.entry(id.clone()).or_insert_with(|| Account {
                    id,
                    session,
                    targets: Vec::new(),
                });
                account.targets.push(target);
            }
            Err(error) => failed.push(UnmanagedAccount {
                account: target
                    .account
                    .clone()
                    .unwrap_or_else(|| "unknown".to_owned()),
                targets: vec![target.name.clone()],
                regions: Vec::new(),
                outcome: Err(format!("target {}: {error:#}", target.name)),
                steps: Vec::new(),
            }),
        }
    }
    (accounts.into_values().collect(), failed)
}

/// Where to look: where somebody said, else where the states are and the credentials point.
pub(super) fn regions(
    account: &Account<'_>,
    named: &[String],
    held: &Held,
) -> anyhow::Result<Vec<String>> {
    if named.iter().any(|region| region == "all") {
        return Ok(account.session.regions()?);
    }
    let mut regions: Vec<String> = match named.is_empty() {
        false => named.to_vec(),
        true => {
            let held = held.regions(&account.id).into_iter().map(str::to_owned);
            held.chain(account.session.region().ok()).collect()
        }
    };
    regions.sort();
    regions.dedup();
    if regions.is_empty() {
        bail!(abide_aws::AwsError::NoRegion);
    }
    Ok(regions)
}
