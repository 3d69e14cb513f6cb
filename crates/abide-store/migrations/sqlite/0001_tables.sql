CREATE TABLE tenant (
    tenant TEXT NOT NULL PRIMARY KEY,
    ledger_size INTEGER NOT NULL,
    ledger_peaks BLOB NOT NULL,
    ledger_time INTEGER NOT NULL,
    ledger_key TEXT
);

CREATE TABLE stream (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, name)
);

-- A set of policies, by the digest of all of them; `editions` are the framework editions in force with it.
CREATE TABLE pack (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    digest BLOB NOT NULL,
    editions TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, digest)
);

CREATE TABLE policy (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    policy_id TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, policy_id)
);

-- Versions never change.
CREATE TABLE policy_version (
    tenant TEXT NOT NULL,
    policy INTEGER NOT NULL,
    digest BLOB NOT NULL,
    severity TEXT NOT NULL,
    controls TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, policy, digest)
);

CREATE TABLE pack_policy (
    tenant TEXT NOT NULL,
    pack INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    version BLOB NOT NULL,
    PRIMARY KEY (tenant, pack, policy)
);

-- `at` and `recorded_at` are milliseconds since 1970, UTC. A partial scan has `complete` 0 and no results.
CREATE TABLE run (
    tenant TEXT NOT NULL,
    stream INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    pack INTEGER NOT NULL,
    tool_version TEXT NOT NULL,
    context TEXT NOT NULL,
    inputs TEXT NOT NULL,
    summary TEXT NOT NULL,
    result_root BLOB NOT NULL,
    ledger_seq INTEGER NOT NULL,
    statement TEXT,
    PRIMARY KEY (tenant, stream, seq),
    UNIQUE (tenant, id)
);

CREATE TABLE slot (
    tenant TEXT NOT NULL,
    stream INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'ran', 'failed', 'missed')),
    seq INTEGER,
    reason TEXT,
    PRIMARY KEY (tenant, stream, due_at)
);

CREATE TABLE subject (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    input INTEGER NOT NULL,
    address TEXT NOT NULL,
    type TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, address, type, input)
);

CREATE TABLE detail (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    digest BLOB NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, digest)
);

-- One outcome of one policy on one subject, in scans from `from_seq` up to but not with `to_seq`.
CREATE TABLE state (
    tenant TEXT NOT NULL,
    stream INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER,
    status INTEGER NOT NULL CHECK (status BETWEEN 1 AND 5),
    detail INTEGER NOT NULL,
    PRIMARY KEY (tenant, stream, subject, policy, from_seq)
) WITHOUT ROWID;

-- The digest over all outcomes of a subject: its leaf in a scan's root.
CREATE TABLE subject_state (
    tenant TEXT NOT NULL,
    stream INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    from_seq INTEGER NOT NULL,
    to_seq INTEGER,
    digest BLOB NOT NULL,
    PRIMARY KEY (tenant, stream, subject, from_seq)
) WITHOUT ROWID;
CREATE INDEX subject_state_open ON subject_state (tenant, stream) WHERE to_seq IS NULL;

CREATE TABLE finding (
    tenant TEXT NOT NULL,
    stream INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    opened_seq INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'excepted', 'closed')),
    since_seq INTEGER NOT NULL,
    closed_seq INTEGER,
    closed_at INTEGER,
    reason TEXT CHECK (reason IN ('fixed', 'resource_removed', 'policy_removed', 'moved')),
    PRIMARY KEY (tenant, stream, subject, policy, opened_seq)
);
CREATE INDEX finding_open ON finding (tenant, stream, fingerprint) WHERE closed_seq IS NULL;

CREATE TABLE ledger_entry (
    tenant TEXT NOT NULL,
    seq INTEGER NOT NULL,
    leaf BLOB NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE TABLE checkpoint (
    tenant TEXT NOT NULL,
    size INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (tenant, size)
);
