-- Every scan asks what holds now. With `to_seq` among the columns the planner of SQLite, which keeps no statistics,
-- takes these indexes and not the primary keys, which lead through all of the past; rows come from the index alone.
DROP INDEX subject_state_open;
CREATE INDEX subject_state_open ON subject_state (tenant, stream, to_seq, subject, digest) WHERE to_seq IS NULL;
DROP INDEX state_open;
CREATE INDEX state_open ON state (tenant, stream, to_seq, subject, policy, from_seq, status, detail) WHERE to_seq IS NULL;

-- A finding is looked for among the open ones and those that this very scan closed.
DROP INDEX finding_open;
CREATE INDEX finding_by_fingerprint ON finding (tenant, stream, fingerprint, closed_seq);
