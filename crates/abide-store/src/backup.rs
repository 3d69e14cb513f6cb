//! The whole store in one portable file: from SQLite to PostgreSQL and back.
//!
//! Lines of JSON. The first says what it is; then each table has a line with its columns, followed by
//! its rows; the last has the number of lines and the SHA-256 of everything before it.

use std::io::{BufRead, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::backend::Backend;
use crate::value::Value;
use crate::{Store, StoreError, bulk};

/// A table: its name, its columns with those of the primary key first, and how many those are.
struct Table {
    name: &'static str,
    columns: &'static str,
    key: usize,
}

const fn table(name: &'static str, key: usize, columns: &'static str) -> Table {
    Table { name, columns, key }
}

/// All tables.
const TABLES: [Table; 17] = [
    table(
        "tenant",
        1,
        "tenant, ledger_size, ledger_peaks, ledger_time, ledger_key",
    ),
    table("stream", 2, "tenant, id, name"),
    table("pack", 2, "tenant, id, digest, editions"),
    table("policy", 2, "tenant, id, policy_id"),
    table(
        "policy_version",
        3,
        "tenant, policy, digest, severity, controls, body",
    ),
    table("pack_policy", 3, "tenant, pack, policy, version"),
    table(
        "run",
        3,
        "tenant, stream, seq, id, at, recorded_at, complete, pack, tool_version, context, inputs, summary, result_root, ledger_seq, statement",
    ),
    table("slot", 3, "tenant, stream, due_at, state, seq, reason"),
    table("subject", 2, "tenant, id, input, address, type"),
    table("detail", 2, "tenant, id, digest, json"),
    table(
        "state",
        5,
        "tenant, stream, subject, policy, from_seq, to_seq, status, detail",
    ),
    table(
        "subject_state",
        4,
        "tenant, stream, subject, from_seq, to_seq, digest",
    ),
    table(
        "finding",
        5,
        "tenant, stream, subject, policy, opened_seq, first_seen, fingerprint, state, since_seq, closed_seq, closed_at, reason",
    ),
    table("ledger_entry", 2, "tenant, seq, leaf, text"),
    table("checkpoint", 2, "tenant, size, note"),
    table(
        "schedule",
        3,
        "tenant, stream, from_at, every_ms, grace_ms, until_at",
    ),
    table("pruned", 3, "tenant, stream, below, ledger_seq"),
];

/// Rows that are read at once.
const PAGE: usize = 5000;
const FORMAT: &str = "abide-backup/1";

/// What was read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Rows of all tables.
    pub rows: usize,
}

/// Hashes what is written.
struct Out<'w> {
    to: &'w mut dyn Write,
    hash: Sha256,
    lines: usize,
}

impl Out<'_> {
    fn line(&mut self, line: &Json) -> Result<(), StoreError> {
        let text = format!("{line}\n");
        self.hash.update(&text);
        self.lines += 1;
        self.to
            .write_all(text.as_bytes())
            .map_err(|error| broken(&format!("cannot write: {error}")))
    }
}

fn broken(what: &str) -> StoreError {
    StoreError::Backup(what.to_owned())
}

fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Int(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!({"base64": STANDARD.encode(bytes)}),
    }
}

fn from_json(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Number(number) => Value::Int(number.as_i64()?),
        Json::String(text) => Value::Text(text.clone()),
        Json::Object(_) => Value::Bytes(STANDARD.decode(json["base64"].as_str()?).ok()?),
        Json::Bool(_) | Json::Array(_) => return None,
    })
}

impl Store {
    /// Writes the whole store, as it is at one moment; others may write meanwhile.
    ///
    /// # Errors
    /// If it cannot be written, or the store fails.
    pub fn backup(&mut self, to: &mut dyn Write) -> Result<usize, StoreError> {
        let version = self.version()?;
        self.db.read_begin()?;
        let mut out = Out {
            to,
            hash: Sha256::new(),
            lines: 0,
        };
        let written = write_tables(&mut *self.db, version, &mut out);
        self.db.batch("ROLLBACK")?;
        let rows = written?;
        let digest = abide_ledger::note::hex(&out.hash.clone().finalize());
        let lines = out.lines;
        out.line(&json!({"lines": lines, "sha256": digest}))?;
        Ok(rows)
    }

    /// Fills a new store from a backup, whole or not at all, and brings it to the newest version.
    ///
    /// # Errors
    /// If the backup is broken, the store has something in it already, or fails.
    pub fn restore(url: &str, from: &mut dyn BufRead) -> Result<Restored, StoreError> {
        let mut lines = Lines {
            from,
            hash: Sha256::new(),
            count: 0,
        };
        let head = lines.next()?.ok_or_else(|| broken("it is empty"))?;
        let version = head["version"]
            .as_u64()
            .filter(|_| head["format"] == FORMAT);
        let version = version.and_then(|version| usize::try_from(version).ok());
        let version =
            version.ok_or_else(|| broken("its first line does not say `abide-backup/1`"))?;
        let mut store = Self::open_at_version(url, version)?;
        if store.version()? != version as i64 {
            return Err(broken(
                "the store is of another version than the backup: name a new store",
            ));
        }
        let rows = store.fill(&mut lines)?;
        store.migrate()?;
        Ok(Restored { rows })
    }

    /// The lines can be read once, so a busy store is not tried again.
    fn fill(&mut self, lines: &mut Lines<'_>) -> Result<usize, StoreError> {
        self.db.begin("")?;
        let filled = fill(&mut *self.db, lines);
        let end = if filled.is_ok() { "COMMIT" } else { "ROLLBACK" };
        self.db.batch(end)?;
        filled
    }
}

fn write_tables(
    db: &mut dyn Backend,
    version: i64,
    out: &mut Out<'_>,
) -> Result<usize, StoreError> {
    out.line(&json!({"format": FORMAT, "version": version}))?;
    let mut count = 0;
    for table in &TABLES {
        let columns: Vec<&str> = table.columns.split(", ").collect();
        out.line(&json!({"table": table.name, "columns": columns}))?;
        let key = columns[..table.key].join(", ");
        let places: Vec<String> = (1..=table.key).map(|at| format!("${at}")).collect();
        let mut last: Vec<Value> = Vec::new();
        loop {
            let after = match last.is_empty() {
                true => String::new(),
                false => format!(" WHERE ({key}) > ({})", places.join(", ")),
            };
            let sql = format!(
                "SELECT {} FROM {}{after} ORDER BY {key} LIMIT {PAGE}",
                table.columns, table.name
            );
            let rows = db.query(&sql, &last)?;
            for row in &rows {
                out.line(&Json::Array(row.0.iter().map(to_json).collect()))?;
            }
            count += rows.len();
            match rows.last() {
                Some(row) if rows.len() == PAGE => last = row.0[..table.key].to_vec(),
                _ => break,
            }
        }
    }
    Ok(count)
}

/// Hashes what is read.
struct Lines<'r> {
    from: &'r mut dyn BufRead,
    hash: Sha256,
    count: usize,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Json>, StoreError> {
        let mut text = String::new();
        let read = self.from.read_line(&mut text);
        read.map_err(|error| broken(&format!("line {}: {error}", self.count + 1)))?;
        if text.is_empty() {
            return Ok(None);
        }
        let line: Json = serde_json::from_str(&text)
            .map_err(|error| broken(&format!("line {}: {error}", self.count + 1)))?;
        // The last line is about all others.
        if line.get("sha256").is_none() {
            self.hash.update(&text);
            self.count += 1;
        }
        Ok(Some(line))
    }
}

fn fill(db: &mut dyn Backend, lines: &mut Lines<'_>) -> Result<usize, StoreError> {
    for table in &TABLES {
        if db.has_table(table.name)?
            && !db
                .query(&format!("SELECT 1 FROM {} LIMIT 1", table.name), &[])?
                .is_empty()
        {
            return Err(broken(
                "the store has something in it already: name a new store",
            ));
        }
    }
    let (mut count, mut into, mut rows) = (0, None, Vec::new());
    while let Some(line) = lines.next()? {
        let wrong = || broken(&format!("line {} is no part of a backup", lines.count));
        if let Some(digest) = line.get("sha256") {
            flush(db, into.as_ref(), &mut rows)?;
            let whole = *digest == abide_ledger::note::hex(&lines.hash.clone().finalize())
                && line["lines"] == lines.count;
            return match whole {
                true => Ok(count),
                false => Err(broken(
                    "it was changed: its lines do not have the digest of the last one",
                )),
            };
        }
        if let Some(name) = line.get("table") {
            flush(db, into.as_ref(), &mut rows)?;
            into = Some(table_of(name, &line["columns"]).ok_or_else(wrong)?);
            continue;
        }
        let row = line.as_array().ok_or_else(wrong)?;
        let row: Option<Vec<Value>> = row.iter().map(from_json).collect();
        let width = into.as_ref().map(|(_, _, width)| *width);
        rows.push(
            row.filter(|row| Some(row.len()) == width)
                .ok_or_else(wrong)?,
        );
        count += 1;
        if rows.len() == 512 {
            flush(db, into.as_ref(), &mut rows)?;
        }
    }
    Err(broken("it was cut off: its last line is missing"))
}

/// Name, columns and their number.
type Into = (&'static str, &'static str, usize);

/// Only tables and columns we know: names go into statements as they are.
fn table_of(name: &Json, columns: &Json) -> Option<Into> {
    let table = TABLES.iter().find(|table| *name == table.name)?;
    let columns: Option<Vec<&str>> = columns.as_array()?.iter().map(Json::as_str).collect();
    let columns = columns?;
    (columns.join(", ") == table.columns).then_some((table.name, table.columns, columns.len()))
}

fn flush(
    db: &mut dyn Backend,
    into: Option<&Into>,
    rows: &mut Vec<Vec<Value>>,
) -> Result<(), StoreError> {
    if let Some((table, columns, _)) = into {
        bulk::insert(db, table, columns, rows)?;
    }
    rows.clear();
    Ok(())
}

#[doc(hidden)]
impl Store {
    /// The tables and columns of a backup, for a test that compares them with the schema.
    pub fn backup_tables() -> Vec<(&'static str, Vec<&'static str>)> {
        let tables = TABLES.iter();
        tables
            .map(|table| (table.name, table.columns.split(", ").collect()))
            .collect()
    }
}
