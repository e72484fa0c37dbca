import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from '../migrations/one-way.js';

/** How a tenant leaves: its state, when its keys are due to be destroyed, and the certificate of what was. */
export class Offboarding1792000000202 implements MigrationInterface {
  readonly name = 'Offboarding1792000000202';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
ALTER TABLE control.tenant DROP CONSTRAINT tenant_state_check;
ALTER TABLE control.tenant ADD CONSTRAINT tenant_state_check CHECK (state IN ('active', 'suspended', 'deleting', 'deleted'));
ALTER TABLE control.tenant ADD COLUMN deletion_due_at timestamptz, ADD COLUMN deletion_certificate text;

CREATE FUNCTION control.is_under_hold() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE _held boolean;
BEGIN
  IF control.current_tenant() IS NULL THEN RAISE EXCEPTION 'no tenant in this transaction' USING ERRCODE = '42501'; END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %1$I.hold h WHERE h.event = ''placed''
    AND NOT EXISTS (SELECT FROM %1$I.hold r WHERE r.hold_id = h.hold_id AND r.event = ''released''))',
    ledger.schema_of(control.current_tenant())) INTO _held;
  RETURN _held;
END $$;

-- The transaction's own tenant: every published snapshot with the wrapped keys in it, its lines of the directory, and what
-- its queue still held. A legal hold keeps everything (WL008). Gateways hear of it when the transaction commits.
CREATE FUNCTION control.forget_tenant() RETURNS TABLE (snapshots bigint, queued bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  _tenant uuid := control.current_tenant();
  _schema text := ledger.schema_of(_tenant);
  _version bigint;
BEGIN
  IF _tenant IS NULL THEN RAISE EXCEPTION 'no tenant in this transaction' USING ERRCODE = '42501'; END IF;
  IF control.is_under_hold() THEN RAISE EXCEPTION 'a legal hold is in force' USING ERRCODE = 'WL008'; END IF;
  SELECT coalesce(max(s.version), 0) + 1 INTO _version FROM control.snapshot s WHERE s.tenant_id = _tenant;
  DELETE FROM control.snapshot s WHERE s.tenant_id = _tenant;
  GET DIAGNOSTICS snapshots = ROW_COUNT;
  DELETE FROM control.directory_connection d WHERE d.tenant_id = _tenant;
  DELETE FROM control.directory_key d WHERE d.tenant_id = _tenant;
  DELETE FROM control.connection_key k WHERE k.tenant_id = _tenant;
  EXECUTE format('DELETE FROM %I.outbox WHERE done_at IS NULL', _schema);
  GET DIAGNOSTICS queued = ROW_COUNT;
  PERFORM pg_notify('snapshot', _tenant || ':' || _version);
  RETURN NEXT;
END $$;
GRANT EXECUTE ON FUNCTION control.is_under_hold(), control.forget_tenant() TO writ_tenant_api;`);
  }

  down(): Promise<void> {
    return neverDown();
  }
}
