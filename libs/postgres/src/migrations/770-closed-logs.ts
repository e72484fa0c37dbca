import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * A log whose tenant has left is closed: its records stay for as long as their class says, and nobody works for its tenant any
 * more. And what the worker's login needs to bring tenants' schemas to a version that `migrate` has registered.
 */
export class ClosedLogs1763694000770 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(closing);
    await runner.query(migrating);
    await runner.query(prune);
    await runner.query(grants);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const closing = `
CREATE TABLE ledger.closed_log (
  tenant_id uuid PRIMARY KEY REFERENCES ledger.log,
  closed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.closed_log FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON ledger.closed_log EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.closed_log ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER append_only_whole;
CREATE FUNCTION ledger.living_tenants() RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.tenant_id FROM ledger.log l WHERE NOT EXISTS (SELECT FROM ledger.closed_log c WHERE c.tenant_id = l.tenant_id) ORDER BY l.slot
$$;
CREATE FUNCTION ledger.is_closed(_tenant uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM ledger.closed_log c WHERE c.tenant_id = _tenant)
$$;
-- Of the transaction's own tenant, and never open again. Only the function that forgets a tenant calls it.
CREATE FUNCTION ledger.close_log() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO ledger.closed_log (tenant_id) SELECT l.tenant_id FROM ledger.log l WHERE l.tenant_id = control.current_tenant() ON CONFLICT DO NOTHING
$$;
`;

/** The statements come from the database, where \`migrate\` alone puts them; the worker only says when. */
const migrating = `
CREATE FUNCTION ledger.tenants_to_migrate(_limit int) RETURNS TABLE (tenant_id uuid, newest bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.tenant_id, max(v.version) FROM ledger.log l CROSS JOIN ledger.schema_version v
  WHERE NOT EXISTS (SELECT FROM ledger.tenant_migration m WHERE m.tenant_id = l.tenant_id AND m.version = v.version)
  GROUP BY l.tenant_id LIMIT _limit
$$;
CREATE FUNCTION ledger.versions_to_apply(_tenant uuid) RETURNS TABLE (version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT v.version FROM ledger.schema_version v
  WHERE NOT EXISTS (SELECT FROM ledger.tenant_migration m WHERE m.tenant_id = _tenant AND m.version = v.version) ORDER BY v.version
$$;
CREATE FUNCTION ledger.apply_version(_tenant uuid, _version bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
BEGIN
  RETURN ledger.migrate_tenant(_tenant, _version);
END $$;
CREATE FUNCTION ledger.note_migration_failure(_tenant uuid, _version bigint, _reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO ledger.tenant_migration_failure (tenant_id, version, reason) VALUES (_tenant, _version, left(_reason, 500))
  ON CONFLICT (tenant_id, version) DO UPDATE SET reason = EXCLUDED.reason, failed_at = clock_timestamp()
$$;
`;

/**
 * As before. The holds are read once for a window and not once for a record, and the window's first batch is found by its key:
 * batches follow each other without a gap, which their keys enforce. It belongs to the role that may delete.
 */
const prune = `
GRANT CREATE ON SCHEMA ledger TO writ_pruner;
SET LOCAL ROLE writ_pruner;
CREATE OR REPLACE FUNCTION ledger.prune(_tenant uuid, _order uuid, _after bigint, _limit int) RETURNS TABLE (pruned int, next bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
  _schema text := ledger.schema_of(_tenant);
  _fields jsonb := ledger.order_fields(_tenant, _order, 'retention.prune');
  _from bigint := greatest((_fields->>'from')::bigint, _after);
  _to bigint := (_fields->>'to')::bigint;
  _end bigint;
  _victims uuid[];
BEGIN
  IF _limit NOT BETWEEN 1 AND 10000 THEN RAISE EXCEPTION 'a window holds 1 to 10000 records'; END IF;
  IF _from IS NULL OR _to IS NULL OR _from < 0 THEN RAISE EXCEPTION 'the order names no range' USING ERRCODE = 'WL006'; END IF;
  _end := least(_from + _limit, _to);
  EXECUTE format('WITH held AS MATERIALIZED (SELECT h.from_idx, h.to_idx FROM %1$I.hold h WHERE h.event = ''placed''
      AND NOT EXISTS (SELECT FROM %1$I.hold r WHERE r.hold_id = h.hold_id AND r.event = ''released''))
    SELECT coalesce(array_agg(x.record_id), ''{}'') FROM %1$I.batch b
      CROSS JOIN LATERAL unnest(b.record_ids) WITH ORDINALITY u(id, n)
      JOIN %1$I.record x ON x.record_id = u.id
      JOIN ledger.retention_class c ON c.keep_class = x.keep_class
    WHERE b.first_idx >= (SELECT max(f.first_idx) FROM %1$I.batch f WHERE f.first_idx <= $1)
      AND b.size_after > $1 AND b.first_idx < $2 AND b.first_idx + u.n - 1 >= $1 AND b.first_idx + u.n - 1 < $2
      AND x.committed_at + c.keep < clock_timestamp()
      AND NOT EXISTS (SELECT FROM held WHERE b.first_idx + u.n - 1 >= held.from_idx AND b.first_idx + u.n - 1 < held.to_idx)', _schema)
    INTO _victims USING _from, _end;
  EXECUTE format('DELETE FROM %I.record_key WHERE record_id = ANY ($1)', _schema) USING _victims;
  EXECUTE format('DELETE FROM %I.record WHERE record_id = ANY ($1)', _schema) USING _victims;
  RETURN QUERY SELECT cardinality(_victims), CASE WHEN _end < _to THEN _end END;
END $$;
SET LOCAL ROLE writ_owner;
REVOKE CREATE ON SCHEMA ledger FROM writ_pruner;
`;

const grants = `
GRANT EXECUTE ON FUNCTION ledger.living_tenants(), ledger.is_closed(uuid) TO writ_worker, writ_exporter;
GRANT EXECUTE ON FUNCTION ledger.tenants_to_migrate(int), ledger.versions_to_apply(uuid), ledger.apply_version(uuid, bigint),
  ledger.note_migration_failure(uuid, bigint, text) TO writ_worker;
`;
