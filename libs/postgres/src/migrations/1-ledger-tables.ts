import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * What all tenants' logs share: who may write, which logs there are, what waits for the sequencer, and the epochs. The
 * records themselves lie in each tenant's schema.
 */
export class LedgerTables1763694000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(tables);
    await runner.query(appendOnly);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const tables = `
CREATE SCHEMA ledger;

CREATE TABLE ledger.log (
  tenant_id uuid PRIMARY KEY,
  -- C2SP origin line; it never changes, and no other log ever has it.
  origin text NOT NULL UNIQUE CHECK (origin !~ '[[:space:]+]' AND origin <> ''),
  -- Leaf position in the epoch's tree of heads.
  slot int NOT NULL UNIQUE CHECK (slot >= 0),
  shard smallint NOT NULL CHECK (shard >= 0),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A row here stops one tenant's log: nothing is appended and nothing is signed until operators resolve it.
CREATE TABLE ledger.integrity_hold (
  tenant_id uuid PRIMARY KEY REFERENCES ledger.log,
  reason text NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE ledger.writer (
  -- The part before the slash of a record's writer; a writer signs with one key from enrolment to end.
  id text PRIMARY KEY CHECK (octet_length(id) BETWEEN 1 AND 200),
  kind text NOT NULL,
  public_key text NOT NULL,
  -- The signed statement by which the deployment admits this key.
  statement text NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'closed', 'lost')),
  enrolled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at timestamptz,
  swept_at timestamptz
) WITH (fillfactor = 70);

-- Committed, not yet sequenced. Arrival numbers may have gaps; they order, they never count.
CREATE TABLE ledger.pending (
  shard smallint NOT NULL,
  arrival bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id uuid NOT NULL,
  record_id uuid NOT NULL,
  PRIMARY KEY (shard, arrival),
  UNIQUE (tenant_id, record_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE ledger.epoch (
  number bigint PRIMARY KEY,
  -- Root of the tree of heads.
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  -- Compact range of the epoch log after this epoch, and its signed checkpoint.
  frontier bytea NOT NULL,
  note text NOT NULL,
  heads jsonb NOT NULL,
  signed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE ledger.retention_class (
  keep_class text PRIMARY KEY,
  keep interval NOT NULL CHECK (keep >= interval '6 months')
);
INSERT INTO ledger.retention_class VALUES
  ('m6', '6 months'), ('y1', '1 year'), ('y3', '3 years'), ('y6', '6 years'), ('y7', '7 years'), ('y10', '10 years');
`;

/** ENABLE ALWAYS holds for `session_replication_role = replica` too. Whoever disables a trigger is a superuser: witnesses exist for that. */
const appendOnly = `
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only (% refused)', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP USING ERRCODE = '42501';
END $$;

-- Records leave by retention alone: its function runs as a role that nobody can log in as.
CREATE FUNCTION ledger.refuse_change_but_prune() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'writ_pruner' THEN RETURN OLD; END IF;
  RAISE EXCEPTION '%.% is append-only (% refused)', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP USING ERRCODE = '42501';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.log FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON ledger.log EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.epoch FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON ledger.epoch EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.log ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER append_only_whole;
ALTER TABLE ledger.epoch ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER append_only_whole;

GRANT USAGE ON SCHEMA ledger TO writ_gateway, writ_sequencer, writ_tenant_api, writ_worker, writ_exporter, writ_retention;
`;
