//! Numbers for what is written again and again: streams, policies, resources, details.
//!
//! Nobody else writes for a tenant during a transaction, so a new thing gets the
//! highest number and one, and no sequence is needed.

use std::collections::BTreeMap;

use abide_ledger::entry::Kind;
use abide_ledger::note::hex;
use abide_ledger::tree::sha256;
use serde_json::json;

use crate::StoreError;
use crate::backend::Backend;
use crate::ledger::Appender;
use crate::snapshot::{Snapshot, Subject};
use crate::value::Value;

/// The number a new row of a dictionary gets.
fn next(db: &mut dyn Backend, table: &'static str, tenant: &str) -> Result<i64, StoreError> {
    let sql = format!("SELECT COALESCE(MAX(id), 0) + 1 FROM {table} WHERE tenant = $1");
    let rows = db.query(&sql, &[tenant.into()])?;
    rows.first().map_or(Ok(1), |row| row.int(0))
}

/// The number of a key, a new one if it is not there. `columns` are those of the
/// key; `extra` of them come after it and do not identify it.
fn identify(
    db: &mut dyn Backend,
    table: &'static str,
    tenant: &str,
    key: &[(&'static str, Value)],
    extra: &[(&'static str, Value)],
) -> Result<i64, StoreError> {
    let mut values: Vec<Value> = vec![tenant.into()];
    values.extend(key.iter().map(|(_, value)| value.clone()));
    let wanted = (2..)
        .zip(key)
        .map(|(at, (name, _))| format!(" AND {name} = ${at}"));
    let select = format!(
        "SELECT id FROM {table} WHERE tenant = $1{}",
        wanted.collect::<String>()
    );
    if let Some(row) = db.query(&select, &values)?.first() {
        return row.int(0);
    }
    let id = next(db, table, tenant)?;
    values.extend(extra.iter().map(|(_, value)| value.clone()));
    values.push(id.into());
    let names = key.iter().chain(extra).map(|(name, _)| format!("{name}, "));
    let places: Vec<String> = (1..=values.len()).map(|at| format!("${at}")).collect();
    let insert = format!(
        "INSERT INTO {table} (tenant, {}id) VALUES ({})",
        names.collect::<String>(),
        places.join(", ")
    );
    db.execute(&insert, &values)?;
    Ok(id)
}

pub(crate) fn stream(db: &mut dyn Backend, tenant: &str, name: &str) -> Result<i64, StoreError> {
    identify(db, "stream", tenant, &[("name", name.into())], &[])
}

pub(crate) fn subject(
    db: &mut dyn Backend,
    tenant: &str,
    subject: &Subject,
) -> Result<i64, StoreError> {
    let key = [
        ("address", subject.address.as_str().into()),
        ("type", subject.resource_type.as_str().into()),
        ("input", i64::from(subject.input).into()),
    ];
    identify(db, "subject", tenant, &key, &[])
}

pub(crate) fn detail(db: &mut dyn Backend, tenant: &str, text: &str) -> Result<i64, StoreError> {
    let digest = sha256(text.as_bytes());
    let key = [("digest", digest.as_slice().into())];
    identify(db, "detail", tenant, &key, &[("json", text.into())])
}

/// The set of policies, and the number of each policy.
pub(crate) fn pack(
    db: &mut dyn Backend,
    scan: &Snapshot,
    ledger: &mut Appender<'_>,
) -> Result<(i64, BTreeMap<String, i64>), StoreError> {
    let tenant = scan.context.tenant.as_str();
    let digest = scan.pack_digest();
    let known = db.query(
        "SELECT id FROM pack WHERE tenant = $1 AND digest = $2",
        &[tenant.into(), digest.as_slice().into()],
    )?;
    let mut numbers = BTreeMap::new();
    for row in db.query(
        "SELECT policy_id, id FROM policy WHERE tenant = $1",
        &[tenant.into()],
    )? {
        numbers.insert(row.text(0)?, row.int(1)?);
    }
    if let Some(row) = known.first() {
        return Ok((row.int(0)?, numbers));
    }
    let editions = json!(scan.editions());
    let pack = next(db, "pack", tenant)?;
    db.execute(
        "INSERT INTO pack (tenant, id, digest, editions) VALUES ($1, $2, $3, $4)",
        &[
            tenant.into(),
            pack.into(),
            digest.as_slice().into(),
            editions.to_string().into(),
        ],
    )?;
    let mut next = numbers.values().max().copied().unwrap_or(0) + 1;
    for (id, policy) in &scan.policies {
        let number = *numbers.entry(id.clone()).or_insert(next);
        if number == next {
            db.execute(
                "INSERT INTO policy (tenant, id, policy_id) VALUES ($1, $2, $3)",
                &[tenant.into(), number.into(), id.as_str().into()],
            )?;
            next += 1;
        }
        let version = sha256(policy.body.as_bytes());
        db.execute(
            "INSERT INTO policy_version (tenant, policy, digest, severity, controls, body) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            &[
                tenant.into(), number.into(), version.as_slice().into(), policy.severity.as_str().into(),
                json!(policy.controls).to_string().into(), policy.body.as_str().into(),
            ],
        )?;
        db.execute(
            "INSERT INTO pack_policy (tenant, pack, policy, version) VALUES ($1, $2, $3, $4)",
            &[
                tenant.into(),
                pack.into(),
                number.into(),
                version.as_slice().into(),
            ],
        )?;
    }
    let body =
        json!({"digest": hex(&digest), "policies": scan.policies.len(), "editions": editions});
    ledger.append(db, Kind::PolicyBundle, body)?;
    Ok((pack, numbers))
}
