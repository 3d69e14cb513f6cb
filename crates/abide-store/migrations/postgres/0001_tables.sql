CREATE TABLE tenant (
    tenant TEXT NOT NULL PRIMARY KEY,
    ledger_size BIGINT NOT NULL,
    ledger_peaks BYTEA NOT NULL,
    ledger_time BIGINT NOT NULL,
    ledger_key TEXT
);

CREATE TABLE stream (
    tenant TEXT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, name)
);

-- A set of policies, by the digest of all of them; `editions` are the framework editions in force with it.
CREATE TABLE pack (
    tenant TEXT NOT NULL,
    id BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    editions TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, digest)
);

CREATE TABLE policy (
    tenant TEXT NOT NULL,
    id BIGINT NOT NULL,
    policy_id TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, policy_id)
);

-- Versions never change.
CREATE TABLE policy_version (
    tenant TEXT NOT NULL,
    policy BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    severity TEXT NOT NULL,
    controls TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, policy, digest)
);

CREATE TABLE pack_policy (
    tenant TEXT NOT NULL,
    pack BIGINT NOT NULL,
    policy BIGINT NOT NULL,
    version BYTEA NOT NULL,
    PRIMARY KEY (tenant, pack, policy)
);

-- `at` and `recorded_at` are milliseconds since 1970, UTC. A partial scan has `complete` 0 and no results.
CREATE TABLE run (
    tenant TEXT NOT NULL,
    stream BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    complete BIGINT NOT NULL,
    pack BIGINT NOT NULL,
    tool_version TEXT NOT NULL,
    context TEXT NOT NULL,
    inputs TEXT NOT NULL,
    summary TEXT NOT NULL,
    result_root BYTEA NOT NULL,
    ledger_seq BIGINT NOT NULL,
    statement TEXT,
    PRIMARY KEY (tenant, stream, seq),
    UNIQUE (tenant, id)
);

CREATE TABLE slot (
    tenant TEXT NOT NULL,
    stream BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'ran', 'failed', 'missed')),
    seq BIGINT,
    reason TEXT,
    PRIMARY KEY (tenant, stream, due_at)
);

CREATE TABLE subject (
    tenant TEXT NOT NULL,
    id BIGINT NOT NULL,
    input BIGINT NOT NULL,
    address TEXT NOT NULL,
    type TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, address, type, input)
);

CREATE TABLE detail (
    tenant TEXT NOT NULL,
    id BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, digest)
);

-- One outcome of one policy on one subject, in scans from `from_seq` up to but not with `to_seq`.
CREATE TABLE state (
    tenant TEXT NOT NULL,
    stream BIGINT NOT NULL,
    subject BIGINT NOT NULL,
    policy BIGINT NOT NULL,
    from_seq BIGINT NOT NULL,
    to_seq BIGINT,
    status BIGINT NOT NULL CHECK (status BETWEEN 1 AND 5),
    detail BIGINT NOT NULL,
    PRIMARY KEY (tenant, stream, subject, policy, from_seq)
);

-- The digest over all outcomes of a subject: its leaf in a scan's root.
CREATE TABLE subject_state (
    tenant TEXT NOT NULL,
    stream BIGINT NOT NULL,
    subject BIGINT NOT NULL,
    from_seq BIGINT NOT NULL,
    to_seq BIGINT,
    digest BYTEA NOT NULL,
    PRIMARY KEY (tenant, stream, subject, from_seq)
);
CREATE INDEX subject_state_open ON subject_state (tenant, stream) WHERE to_seq IS NULL;

CREATE TABLE finding (
    tenant TEXT NOT NULL,
    stream BIGINT NOT NULL,
    subject BIGINT NOT NULL,
    policy BIGINT NOT NULL,
    opened_seq BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'excepted', 'closed')),
    since_seq BIGINT NOT NULL,
    closed_seq BIGINT,
    closed_at BIGINT,
    reason TEXT CHECK (reason IN ('fixed', 'resource_removed', 'policy_removed', 'moved')),
    PRIMARY KEY (tenant, stream, subject, policy, opened_seq)
);
CREATE INDEX finding_open ON finding (tenant, stream, fingerprint) WHERE closed_seq IS NULL;

CREATE TABLE ledger_entry (
    tenant TEXT NOT NULL,
    seq BIGINT NOT NULL,
    leaf BYTEA NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
);

CREATE TABLE checkpoint (
    tenant TEXT NOT NULL,
    size BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (tenant, size)
);
