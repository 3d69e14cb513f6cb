//! Many rows at once: a round trip to the database costs more than a row.

use crate::StoreError;
use crate::backend::Backend;
use crate::value::{Row, Value};

/// Rows of one statement. Few sizes, because each is a prepared statement.
const SIZES: [usize; 3] = [64, 8, 1];

/// Inserts rows, each as long as `columns` names.
pub(crate) fn insert(
    db: &mut dyn Backend,
    table: &'static str,
    columns: &'static str,
    rows: &[Vec<Value>],
) -> Result<(), StoreError> {
    let mut rest = rows;
    for size in SIZES {
        while rest.len() >= size {
            let (now, later) = rest.split_at(size);
            let width = now.first().map_or(0, Vec::len);
            let groups: Vec<String> = (0..size)
                .map(|row| places(row * width + 1, width))
                .collect();
            let sql = format!(
                "INSERT INTO {table} ({columns}) VALUES {}",
                groups.join(", ")
            );
            db.execute(&sql, &now.concat())?;
            rest = later;
        }
    }
    Ok(())
}

/// Asks for all rows in which a column has one of many values. `sql` ends before the list; `tenant`
/// and the like are `first`.
pub(crate) fn select(
    db: &mut dyn Backend,
    sql: &str,
    first: &[Value],
    wanted: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::new();
    for part in wanted.chunks(SIZES[0]) {
        let mut values = first.to_vec();
        values.extend_from_slice(part);
        // A list that names a value twice means the same, and is the same statement.
        let last = part.last().cloned().unwrap_or(Value::Null);
        values.resize(first.len() + SIZES[0], last);
        let list = places(first.len() + 1, SIZES[0]);
        rows.extend(db.query(&format!("{sql} IN {list}"), &values)?);
    }
    Ok(rows)
}

fn places(from: usize, count: usize) -> String {
    let places: Vec<String> = (from..from + count).map(|at| format!("${at}")).collect();
    format!("({})", places.join(", "))
}
