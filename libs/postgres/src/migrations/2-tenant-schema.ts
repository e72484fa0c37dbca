import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * `ledger.provision`: one tenant's roles, schema, tables, triggers, grants and log in one call and one transaction.
 * Two roles per tenant: `t_<hex>` for the tenant API and the worker, `t_<hex>_read` for exports, which only reads.
 */
export class TenantSchema1763694000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(names);
    await runner.query(makeTables);
    await runner.query(protect);
    await runner.query(provision);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const names = `
CREATE FUNCTION ledger.schema_of(_tenant uuid) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN 't_' || replace(_tenant::text, '-', '');
`;

/** `%1$I` is the schema, `%2$L` the tenant. The constant check has no default: a writer must know whose row it writes. */
const makeTables = `
CREATE FUNCTION ledger.make_tables(_tenant uuid) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $make$
BEGIN
  EXECUTE format($ddl$
    CREATE TABLE %1$I.record (
      tenant_id uuid NOT NULL CHECK (tenant_id = %2$L),
      record_id uuid PRIMARY KEY CHECK (uuid_extract_version(record_id) = 7),
      request_id uuid,
      kind text NOT NULL CHECK (kind IN ('decision', 'dispatch', 'segment', 'outcome', 'event')),
      keep_class text NOT NULL,
      -- <writer>/<lane>, and the number of this record in that lane.
      writer text NOT NULL,
      writer_sequence bigint NOT NULL CHECK (writer_sequence > 0),
      effect text CHECK (effect IN ('permit', 'deny')),
      leaf bytea STORAGE EXTERNAL NOT NULL CHECK (octet_length(leaf) BETWEEN 1 AND 61440),
      sealed bytea STORAGE EXTERNAL,
      committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      UNIQUE (writer, writer_sequence)
    );
    CREATE INDEX record_request ON %1$I.record (request_id) WHERE request_id IS NOT NULL;
    CREATE INDEX record_permit ON %1$I.record (writer, record_id) WHERE effect = 'permit';
    -- The keys of sealed content. Not part of the log: erasing a subject deletes rows here, and every proof still holds.
    CREATE TABLE %1$I.record_key (
      tenant_id uuid NOT NULL CHECK (tenant_id = %2$L),
      record_id uuid PRIMARY KEY,
      subject_ref text NOT NULL,
      wrapped bytea NOT NULL
    );
    CREATE INDEX record_key_subject ON %1$I.record_key (subject_ref);
    CREATE TABLE %1$I.batch (
      tenant_id uuid NOT NULL CHECK (tenant_id = %2$L),
      -- -1 on the genesis row.
      first_idx bigint PRIMARY KEY,
      size_after bigint NOT NULL UNIQUE,
      prev_size bigint GENERATED ALWAYS AS (NULLIF(first_idx, -1)) STORED REFERENCES %1$I.batch (size_after),
      leaf_hashes bytea STORAGE EXTERNAL NOT NULL,
      record_ids uuid[] NOT NULL,
      -- The compact range before this batch.
      frontier bytea NOT NULL,
      root bytea NOT NULL CHECK (octet_length(root) = 32),
      note text NOT NULL CHECK (note <> ''),
      seq_ts timestamptz NOT NULL,
      tick bigint NOT NULL,
      CHECK ((first_idx = -1 AND size_after = 0)
        OR (first_idx >= 0 AND size_after > first_idx
          AND octet_length(leaf_hashes) = 32 * (size_after - first_idx)
          AND cardinality(record_ids) = size_after - first_idx)),
      CHECK (octet_length(frontier) = 32 * length(replace((GREATEST(first_idx, 0))::bit(64)::text, '0', '')))
    );
    CREATE INDEX batch_time ON %1$I.batch (seq_ts);
    CREATE TABLE %1$I.tile (
      tenant_id uuid NOT NULL CHECK (tenant_id = %2$L),
      level smallint NOT NULL CHECK (level BETWEEN 0 AND 63),
      n bigint NOT NULL CHECK (n >= 0),
      hashes bytea STORAGE EXTERNAL NOT NULL CHECK (octet_length(hashes) = 8192),
      PRIMARY KEY (level, n)
    );
    CREATE TABLE %1$I.hold (
      tenant_id uuid NOT NULL CHECK (tenant_id = %2$L),
      hold_id uuid NOT NULL,
      event text NOT NULL CHECK (event IN ('placed', 'released')),
      from_idx bigint NOT NULL CHECK (from_idx >= 0),
      to_idx bigint NOT NULL CHECK (to_idx > from_idx),
      matter text NOT NULL,
      -- The ledger's own record of it.
      record_id uuid NOT NULL,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (hold_id, event)
    );
    CREATE TABLE %1$I.outbox (
      tenant_id uuid NOT NULL CHECK (tenant_id = %2$L),
      id uuid PRIMARY KEY,
      queue text NOT NULL,
      payload jsonb NOT NULL,
      created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      attempts int NOT NULL DEFAULT 0,
      done_at timestamptz,
      failure text
    );
    CREATE INDEX outbox_due ON %1$I.outbox (due_at) WHERE done_at IS NULL;
  $ddl$, ledger.schema_of(_tenant), _tenant);
END $make$;
`;

const protect = `
CREATE FUNCTION ledger.protect(_tenant uuid) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $protect$
DECLARE
  _schema text := ledger.schema_of(_tenant);
  _table text;
BEGIN
  FOREACH _table IN ARRAY ARRAY['record', 'batch', 'tile', 'hold'] LOOP
    EXECUTE format($ddl$
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %1$I.%2$I FOR EACH ROW EXECUTE FUNCTION ledger.%3$I();
      CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON %1$I.%2$I EXECUTE FUNCTION ledger.refuse_change();
      ALTER TABLE %1$I.%2$I ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER append_only_whole;
    $ddl$, _schema, _table, CASE _table WHEN 'record' THEN 'refuse_change_but_prune' ELSE 'refuse_change' END);
  END LOOP;
  EXECUTE format($ddl$
    GRANT USAGE ON SCHEMA %1$I TO %1$I, %2$I, writ_pruner;
    GRANT SELECT ON %1$I.record, %1$I.batch, %1$I.tile, %1$I.hold, %1$I.record_key TO %1$I, %2$I;
    GRANT INSERT ON %1$I.hold TO %1$I;
    GRANT SELECT, INSERT, UPDATE, DELETE ON %1$I.outbox TO %1$I;
    GRANT SELECT ON %1$I.record, %1$I.batch, %1$I.hold, %1$I.record_key TO writ_pruner;
    GRANT DELETE ON %1$I.record, %1$I.record_key TO writ_pruner;
  $ddl$, _schema, _schema || '_read');
END $protect$;
`;

const provision = `
CREATE FUNCTION ledger.provision(_tenant uuid, _origin text, _shard smallint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $provision$
DECLARE
  _role text := ledger.schema_of(_tenant);
  _known text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ledger.provision', 0));
  SELECT origin INTO _known FROM ledger.log WHERE tenant_id = _tenant;
  IF FOUND THEN
    IF _known <> _origin THEN RAISE EXCEPTION 'the log of this tenant has another origin' USING ERRCODE = 'WL005'; END IF;
    RETURN;
  END IF;
  EXECUTE format($ddl$
    CREATE ROLE %1$I NOLOGIN; CREATE ROLE %2$I NOLOGIN;
    GRANT writ_tenant TO %1$I WITH INHERIT TRUE, SET FALSE;
    GRANT writ_reader TO %1$I, %2$I WITH INHERIT TRUE, SET FALSE;
    GRANT %1$I TO writ_tenant_api, writ_worker WITH INHERIT FALSE, SET TRUE;
    GRANT %2$I TO writ_exporter WITH INHERIT FALSE, SET TRUE;
    CREATE SCHEMA %1$I;
  $ddl$, _role, _role || '_read');
  PERFORM ledger.make_tables(_tenant);
  PERFORM ledger.protect(_tenant);
  INSERT INTO ledger.log (tenant_id, origin, slot, shard)
  SELECT _tenant, _origin, coalesce(max(slot) + 1, 0), _shard FROM ledger.log;
END $provision$;
GRANT EXECUTE ON FUNCTION ledger.provision(uuid, text, smallint) TO writ_tenant_api, writ_worker;
`;
