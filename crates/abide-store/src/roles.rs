//! Who may do what in PostgreSQL.

/// The statements that make the roles of a store.
pub const ROLES: &str = include_str!("roles.sql");
