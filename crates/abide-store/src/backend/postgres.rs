//! PostgreSQL, shared.

use std::collections::HashMap;
use std::error::Error;

use abide_ledger::tree::sha256;
use postgres::error::SqlState;
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type};
use postgres::{Client, Statement};

use super::{Backend, tls};
use crate::StoreError;
use crate::value::{Row, Value};

pub(crate) struct Postgres {
    client: Client,
    prepared: HashMap<String, Statement>,
}

impl Postgres {
    pub(crate) fn open(url: &str) -> Result<Self, StoreError> {
        // The URL may hold a password: errors of the driver do not repeat it.
        let secured = tls::of(url)?;
        let client = Client::connect(&secured.url, secured.tls)
            .map_err(|error| StoreError::Unreachable(format!("PostgreSQL: {}", chain(&error))))?;
        Ok(Self {
            client,
            prepared: HashMap::new(),
        })
    }

    fn statement(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

fn chain(error: &postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl From<postgres::Error> for StoreError {
    fn from(error: postgres::Error) -> Self {
        let busy = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
        ];
        match error.code() {
            Some(code) if busy.contains(code) => Self::Busy(chain(&error)),
            _ => Self::Database(chain(&error)),
        }
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(kind, out),
            Self::Text(value) => value.to_sql(kind, out),
            Self::Bytes(value) => value.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA)
    }

    postgres::types::to_sql_checked!();
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as _).collect()
}

fn read(row: &postgres::Row) -> Result<Row, StoreError> {
    let columns = row.columns().iter().enumerate();
    let values = columns.map(|(at, column)| {
        Ok(match *column.type_() {
            Type::INT8 => Value::from(row.try_get::<_, Option<i64>>(at)?),
            Type::INT4 => Value::from(row.try_get::<_, Option<i32>>(at)?.map(i64::from)),
            Type::BOOL => Value::from(row.try_get::<_, Option<bool>>(at)?.map(i64::from)),
            Type::BYTEA => row
                .try_get::<_, Option<Vec<u8>>>(at)?
                .map_or(Value::Null, Value::Bytes),
            _ => Value::from(row.try_get::<_, Option<String>>(at)?),
        })
    });
    Ok(Row(values.collect::<Result<_, StoreError>>()?))
}

impl Backend for Postgres {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let statement = self.statement(sql)?;
        Ok(self.client.execute(&statement, &parameters(values))?)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(sql)?;
        let rows = self.client.query(&statement, &parameters(values))?;
        rows.iter().map(read).collect()
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.client.batch_execute(sql)?)
    }

    fn begin(&mut self, tenant: &str) -> Result<(), StoreError> {
        let [a, b, c, d, e, f, g, h, ..] = sha256(tenant.as_bytes());
        let lock = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
        // One writer for each tenant: its ledger has one end.
        self.batch(&format!(
            "BEGIN; SET LOCAL lock_timeout = '10s'; SELECT pg_advisory_xact_lock({lock})"
        ))
    }

    fn read_begin(&mut self) -> Result<(), StoreError> {
        self.batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    fn has_table(&mut self, name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1::bigint WHERE to_regclass($1::text) IS NOT NULL";
        Ok(!self.query(sql, &[name.into()])?.is_empty())
    }

    fn migrations(&self) -> &'static [&'static str] {
        &[
            include_str!("../../migrations/postgres/0001_tables.sql"),
            include_str!("../../migrations/postgres/0002_results_view.sql"),
            include_str!("../../migrations/postgres/0003_insert_only.sql"),
            include_str!("../../migrations/postgres/0004_schedule_and_pruning.sql"),
            include_str!("../../migrations/postgres/0005_open_rows_by_index.sql"),
        ]
    }
}
