import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from '../migrations/one-way.js';

/**
 * What a deletion forgot: jobs that were done or given up, reviews, sinks with their sealed secrets. Its log is closed with it,
 * so that nobody works for the tenant any more. And which deletions a process left half done.
 */
export class Departures1792000000770 implements MigrationInterface {
  readonly name = 'Departures1792000000770';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(policies);
    await runner.query(forget);
    await runner.query(unfinished);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

/** Row-level security binds the owner too: it sees the rows of the transaction's tenant. */
const policies = `
CREATE POLICY of_owner_within ON control.review_setting TO writ_owner USING (tenant_id = control.current_tenant());
CREATE POLICY of_owner_within ON control.sink TO writ_owner USING (tenant_id = control.current_tenant());
`;

const forget = `
CREATE OR REPLACE FUNCTION control.forget_tenant() RETURNS TABLE (snapshots bigint, queued bigint)
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
  EXECUTE format('SELECT count(*) FROM %I.outbox WHERE done_at IS NULL', _schema) INTO queued;
  EXECUTE format('DELETE FROM %I.outbox', _schema);
  DELETE FROM control.work w WHERE w.tenant_id = _tenant;
  DELETE FROM control.review r WHERE r.tenant_id = _tenant;
  DELETE FROM control.review_setting s WHERE s.tenant_id = _tenant;
  DELETE FROM control.sink s WHERE s.tenant_id = _tenant;
  PERFORM ledger.close_log();
  PERFORM pg_notify('snapshot', _tenant || ':' || _version);
  RETURN NEXT;
END $$;
`;

/**
 * Tenants whose deletion stands in their log for longer than \`_for_ms\`, and whose keys are still there: a process died
 * between the two, or a hold was placed. It looks as each tenant, for no login sees the rows of all.
 */
const unfinished = `
CREATE FUNCTION control.unfinished_deletions(_for_ms bigint) RETURNS TABLE (tenant_id uuid, since timestamptz, is_held boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  _before text := current_setting('app.tenant', true);
  _tenant uuid;
  _since timestamptz;
BEGIN
  FOR _tenant IN SELECT t.tenant_id FROM ledger.living_tenants() t LOOP
    PERFORM set_config('app.tenant', _tenant::text, true);
    CONTINUE WHEN NOT EXISTS (SELECT FROM control.tenant t WHERE t.tenant_id = _tenant AND t.state = 'deleting');
    SELECT max(c.created_at) INTO _since FROM control.change c WHERE c.tenant_id = _tenant AND c.event = 'admin.tenant-deleted';
    CONTINUE WHEN _since IS NULL OR _since > clock_timestamp() - _for_ms * interval '1 millisecond';
    RETURN QUERY SELECT _tenant, _since, control.is_under_hold();
  END LOOP;
  PERFORM set_config('app.tenant', coalesce(_before, ''), true);
END $$;
GRANT EXECUTE ON FUNCTION control.unfinished_deletions(bigint) TO writ_tenant_api;
`;
