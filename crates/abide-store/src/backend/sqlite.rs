//! SQLite, embedded.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Value as Sql, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, params_from_iter};

use super::Backend;
use crate::StoreError;
use crate::value::{Row, Value};

pub(crate) struct Sqlite(Connection);

impl Sqlite {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| {
                StoreError::Unreachable(format!("{}: {error}", parent.display()))
            })?;
        }
        let connection = Connection::open(path)
            .map_err(|error| StoreError::Unreachable(format!("{}: {error}", path.display())))?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.set_prepared_statement_cache_capacity(64);
        // FULL: what was acknowledged survives a loss of power.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000;",
        )?;
        Ok(Self(connection))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Busy(error.to_string())
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Sql::Null),
            Self::Int(value) => ToSqlOutput::Owned(Sql::Integer(*value)),
            Self::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Self::Bytes(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
    }
}

fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Text(number.to_string()),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

impl Backend for Sqlite {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let mut statement = self.0.prepare_cached(sql)?;
        Ok(statement.execute(params_from_iter(values))? as u64)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.0.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(values))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let row = (0..columns).map(|column| Ok(value(row.get_ref(column)?)));
            all.push(Row(row.collect::<Result<_, rusqlite::Error>>()?));
        }
        Ok(all)
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.0.execute_batch(sql)?)
    }

    fn begin(&mut self, _tenant: &str) -> Result<(), StoreError> {
        // The write lock from the start: no deadlock by upgrading.
        self.batch("BEGIN IMMEDIATE")
    }

    fn read_begin(&mut self) -> Result<(), StoreError> {
        self.batch("BEGIN")
    }

    fn has_table(&mut self, name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1";
        Ok(!self.query(sql, &[name.into()])?.is_empty())
    }

    fn migrations(&self) -> &'static [&'static str] {
        &[
            include_str!("../../migrations/sqlite/0001_tables.sql"),
            include_str!("../../migrations/sqlite/0002_results_view.sql"),
            include_str!("../../migrations/sqlite/0003_insert_only.sql"),
            include_str!("../../migrations/sqlite/0004_schedule_and_pruning.sql"),
            include_str!("../../migrations/sqlite/0005_open_rows_by_index.sql"),
        ]
    }
}
