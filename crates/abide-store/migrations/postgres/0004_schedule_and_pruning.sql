-- When scans of a stream are due: at `from_at` and every so often after it, up to `until_at`. A scan
-- answers within `grace_ms`, else it was missed.
CREATE TABLE schedule (
    tenant TEXT NOT NULL,
    stream BIGINT NOT NULL,
    from_at BIGINT NOT NULL,
    every_ms BIGINT NOT NULL,
    grace_ms BIGINT NOT NULL,
    until_at BIGINT,
    PRIMARY KEY (tenant, stream, from_at)
);

-- Results of scans below `below` were moved to the archive, and said so in the ledger.
CREATE TABLE pruned (
    tenant TEXT NOT NULL,
    stream BIGINT NOT NULL,
    below BIGINT NOT NULL,
    ledger_seq BIGINT NOT NULL,
    PRIMARY KEY (tenant, stream, below)
);

-- Recording looks at what holds now, however long the history is.
CREATE INDEX state_open ON state (tenant, stream, subject) WHERE to_seq IS NULL;

-- A scan of which a part was moved away has no rows.
DROP VIEW policy_scan_results;
-- One row for each evaluation, for people with their own SQL.
CREATE VIEW policy_scan_results AS
SELECT r.tenant, n.name AS stream, r.seq AS scan, to_timestamp(r.at / 1000.0) AS scanned_at,
       p.policy_id, u.address AS resource_address, u.type AS resource_type,
       (s.status = 1) AS compliant,
       CASE s.status WHEN 1 THEN 'pass' WHEN 2 THEN 'fail' WHEN 3 THEN 'unknown' WHEN 4 THEN 'error' ELSE 'excepted' END AS outcome,
       v.severity, d.json::jsonb -> 0 ->> 'message' AS message, d.json::jsonb -> 0 ->> 'remediation' AS remediation, v.controls
FROM run r
JOIN stream n ON n.tenant = r.tenant AND n.id = r.stream
JOIN state s ON s.tenant = r.tenant AND s.stream = r.stream AND s.from_seq <= r.seq AND (s.to_seq IS NULL OR s.to_seq > r.seq)
JOIN subject u ON u.tenant = s.tenant AND u.id = s.subject
JOIN policy p ON p.tenant = s.tenant AND p.id = s.policy
JOIN pack_policy k ON k.tenant = r.tenant AND k.pack = r.pack AND k.policy = s.policy
JOIN policy_version v ON v.tenant = k.tenant AND v.policy = k.policy AND v.digest = k.version
JOIN detail d ON d.tenant = s.tenant AND d.id = s.detail
WHERE r.complete = 1
  AND NOT EXISTS (SELECT 1 FROM pruned x WHERE x.tenant = r.tenant AND x.stream = r.stream AND x.below > r.seq);

CREATE TRIGGER pruned_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON pruned FOR EACH STATEMENT EXECUTE FUNCTION only_grows();
