//! The two databases behind one small interface: parameters are `$1`, `$2`, … in the order
//! in which they first appear, which both understand.

#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod sqlite;
#[cfg(feature = "postgres")]
mod tls;

use crate::StoreError;
use crate::value::{Row, Value};

/// One connection.
pub(crate) trait Backend: Send {
    /// Runs a statement; gives the number of rows it touched.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError>;
    /// Asks.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;
    /// Runs several statements without parameters.
    fn batch(&mut self, sql: &str) -> Result<(), StoreError>;
    /// Starts a transaction that writes for a tenant; nobody else writes for it meanwhile.
    fn begin(&mut self, tenant: &str) -> Result<(), StoreError>;
    /// Starts a transaction that reads one state of the store, whatever is written meanwhile.
    fn read_begin(&mut self) -> Result<(), StoreError>;
    /// Whether there is such a table.
    fn has_table(&mut self, name: &str) -> Result<bool, StoreError>;
    /// The migrations of this dialect, in order.
    fn migrations(&self) -> &'static [&'static str];
}
