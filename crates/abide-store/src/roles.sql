-- Roles of a store in PostgreSQL. Run it as the owner of the tables, in their schema, after `abide store migrate`;
-- run it again after each later `migrate`.
DO $$
DECLARE
    role TEXT;
BEGIN
    FOREACH role IN ARRAY ARRAY['abide_reader', 'abide_writer', 'abide_keeper'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        END IF;
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', current_schema(), role);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), role);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', current_schema(), role);
    END LOOP;
END $$;

-- Records scans: adds rows, closes intervals and findings. Ledger, checkpoints, scans and policies only grow.
GRANT INSERT ON tenant, stream, pack, policy, policy_version, pack_policy, run, slot, subject, detail, state, subject_state,
    finding, ledger_entry, checkpoint, schedule TO abide_writer;
GRANT UPDATE (ledger_size, ledger_peaks, ledger_time, ledger_key) ON tenant TO abide_writer;
GRANT UPDATE (to_seq) ON state, subject_state TO abide_writer;
GRANT UPDATE (state, fingerprint, since_seq, closed_seq, closed_at, reason) ON finding TO abide_writer;
GRANT UPDATE (state, seq, reason) ON slot TO abide_writer;
GRANT UPDATE (every_ms, grace_ms, until_at) ON schedule TO abide_writer;

-- Prunes, besides: removes what it has moved to the archive.
GRANT abide_writer TO abide_keeper;
GRANT INSERT ON pruned TO abide_keeper;
GRANT DELETE ON state, subject_state, detail TO abide_keeper;

-- People and machines then get one of them:
--     CREATE ROLE ci LOGIN PASSWORD '…' IN ROLE abide_writer;
--     CREATE ROLE auditor LOGIN PASSWORD '…' IN ROLE abide_reader;
