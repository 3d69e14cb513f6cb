//! Numbers for what is written again and again: streams, policies, resources, details.
//!
//! Nobody else writes for a tenant during a transaction, so a new thing gets the
//! highest number and one, and no sequence is needed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use abide_ledger::entry::Kind;
use abide_ledger::note::hex;
use abide_ledger::tree::{Hash, sha256};
use serde_json::json;

use crate::backend::Backend;
use crate::ledger::Appender;
use crate::snapshot::{Snapshot, Subject};
use crate::value::Value;
use crate::{StoreError, bulk};

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

/// The numbers of resources, in their order.
pub(crate) fn subjects(
    db: &mut dyn Backend,
    tenant: &str,
    wanted: &[&Subject],
) -> Result<Vec<i64>, StoreError> {
    let addresses: Vec<Value> = wanted
        .iter()
        .map(|subject| subject.address.as_str().into())
        .collect();
    let sql = "SELECT id, address, type, input FROM subject WHERE tenant = $1 AND address";
    let mut known = HashMap::new();
    for row in bulk::select(db, sql, &[tenant.into()], &addresses)? {
        known.insert((row.text(1)?, row.text(2)?, row.int(3)?), row.int(0)?);
    }
    let mut free = match known.len() < wanted.len() {
        true => next(db, "subject", tenant)?,
        false => 0,
    };
    let (mut numbers, mut rows) = (Vec::new(), Vec::new());
    for subject in wanted {
        let input = i64::from(subject.input);
        let key = (
            subject.address.clone(),
            subject.resource_type.clone(),
            input,
        );
        let number = *known.entry(key).or_insert_with(|| {
            let number = free;
            free += 1;
            rows.push(vec![
                tenant.into(),
                number.into(),
                input.into(),
                subject.address.as_str().into(),
                subject.resource_type.as_str().into(),
            ]);
            number
        });
        numbers.push(number);
    }
    bulk::insert(db, "subject", "tenant, id, input, address, type", &rows)?;
    Ok(numbers)
}

/// The numbers of texts of details.
pub(crate) fn details<'t>(
    db: &mut dyn Backend,
    tenant: &str,
    texts: &BTreeSet<&'t str>,
) -> Result<HashMap<&'t str, i64>, StoreError> {
    let digests: Vec<Hash> = texts.iter().map(|text| sha256(text.as_bytes())).collect();
    let wanted: Vec<Value> = digests
        .iter()
        .map(|digest| digest.as_slice().into())
        .collect();
    let sql = "SELECT id, digest FROM detail WHERE tenant = $1 AND digest";
    let mut known = HashMap::new();
    for row in bulk::select(db, sql, &[tenant.into()], &wanted)? {
        known.insert(row.hash(1)?, row.int(0)?);
    }
    let mut free = match known.len() < texts.len() {
        true => next(db, "detail", tenant)?,
        false => 0,
    };
    let (mut numbers, mut rows) = (HashMap::new(), Vec::new());
    for (text, digest) in texts.iter().zip(&digests) {
        let number = known.get(digest).copied().unwrap_or_else(|| {
            let number = free;
            free += 1;
            rows.push(vec![
                tenant.into(),
                number.into(),
                digest.as_slice().into(),
                (*text).into(),
            ]);
            number
        });
        numbers.insert(*text, number);
    }
    bulk::insert(db, "detail", "tenant, id, digest, json", &rows)?;
    Ok(numbers)
}

/// The number of each policy.
pub(crate) fn policies(
    db: &mut dyn Backend,
    tenant: &str,
) -> Result<BTreeMap<String, i64>, StoreError> {
    let sql = "SELECT policy_id, id FROM policy WHERE tenant = $1";
    let rows = db.query(sql, &[tenant.into()])?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, row.int(1)?)))
        .collect()
}

/// Writes a set of policies that is not there yet; gives its number.
pub(crate) fn pack(
    db: &mut dyn Backend,
    scan: &Snapshot,
    digest: &Hash,
    ledger: &mut Appender<'_>,
) -> Result<i64, StoreError> {
    let tenant = scan.context.tenant.as_str();
    let mut numbers = policies(db, tenant)?;
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
    let mut free = numbers.values().max().copied().unwrap_or(0) + 1;
    let (mut new, mut members) = (Vec::new(), Vec::new());
    for (id, policy) in &scan.policies {
        let number = *numbers.entry(id.clone()).or_insert_with(|| {
            let number = free;
            free += 1;
            new.push(vec![tenant.into(), number.into(), id.as_str().into()]);
            number
        });
        members.push((number, sha256(policy.body.as_bytes()), policy));
    }
    bulk::insert(db, "policy", "tenant, id, policy_id", &new)?;
    let mut known = HashSet::new();
    let versions = "SELECT policy, digest FROM policy_version WHERE tenant = $1";
    for row in db.query(versions, &[tenant.into()])? {
        known.insert((row.int(0)?, row.hash(1)?));
    }
    let fresh = members
        .iter()
        .filter(|(number, version, _)| !known.contains(&(*number, *version)));
    let fresh: Vec<Vec<Value>> = fresh
        .map(|(number, version, policy)| {
            vec![
                tenant.into(),
                (*number).into(),
                version.as_slice().into(),
                policy.severity.as_str().into(),
                json!(policy.controls).to_string().into(),
                policy.body.as_str().into(),
            ]
        })
        .collect();
    bulk::insert(
        db,
        "policy_version",
        "tenant, policy, digest, severity, controls, body",
        &fresh,
    )?;
    let members: Vec<Vec<Value>> = members
        .iter()
        .map(|(number, version, _)| {
            vec![
                tenant.into(),
                pack.into(),
                (*number).into(),
                version.as_slice().into(),
            ]
        })
        .collect();
    bulk::insert(db, "pack_policy", "tenant, pack, policy, version", &members)?;
    let body =
        json!({"digest": hex(digest), "policies": scan.policies.len(), "editions": editions});
    ledger.append(db, Kind::PolicyBundle, body)?;
    Ok(pack)
}
