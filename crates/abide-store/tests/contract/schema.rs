//! The schema can be distributed by tenant (Citus): the rules, asked of a real catalog.

use abide_store::Store;
use postgres::{Client, NoTls};

use crate::server;

#[test]
fn tenant_leads_every_key_and_nothing_crosses_tenants() {
    let url = server::shared().database("rules");
    Store::open(&url).expect("open");
    let mut client = Client::connect(&url, NoTls).expect("connect");
    let mut names = |sql: &str| -> Vec<String> {
        let rows = client.query(sql, &[]).expect("sql");
        rows.iter().map(|row| row.get(0)).collect()
    };
    let tables = names(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'abide_version' ORDER BY 1",
    );
    assert!(tables.len() >= 17, "{tables:?}");
    let keyed = names(
        "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
         WHERE c.relnamespace = 'public'::regnamespace AND i.indisprimary ORDER BY 1",
    );
    let with_version: Vec<&String> = keyed
        .iter()
        .filter(|name| *name != "abide_version")
        .collect();
    assert_eq!(
        with_version,
        tables.iter().collect::<Vec<_>>(),
        "a table without a primary key"
    );
    // Unique and primary alike.
    let elsewhere = names(
        "SELECT x.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
         WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> 'abide_version' AND a.attname <> 'tenant'",
    );
    assert!(elsewhere.is_empty(), "tenant does not lead: {elsewhere:?}");
    let sequences = names(
        "SELECT relname::text FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace",
    );
    assert!(
        sequences.is_empty(),
        "a sequence is not per tenant: {sequences:?}"
    );
    // None at all: what has to fit together is of one tenant and written by one transaction.
    let foreign = names("SELECT conname::text FROM pg_constraint WHERE contype = 'f'");
    assert!(foreign.is_empty(), "{foreign:?}");
    let generated = names(
        "SELECT attrelid::regclass::text FROM pg_attribute WHERE attidentity <> '' OR attgenerated <> ''",
    );
    assert!(generated.is_empty(), "{generated:?}");
}

/// What docs/store.md tells the owner of a Citus cluster to run names every table.
#[test]
fn the_documented_commands_name_every_table() {
    let text = include_str!("../../../../docs/store.md");
    for (table, _) in Store::backup_tables() {
        let command = format!("SELECT create_distributed_table('{table}', 'tenant'");
        assert!(text.contains(&command), "docs/store.md lacks: {command}");
    }
}
