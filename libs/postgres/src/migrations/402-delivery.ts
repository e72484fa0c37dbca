import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/** How far exports have come, and where a tenant wants its events and notices delivered. */
export class Delivery1763694000402 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(exports);
    await runner.query(sinks);
    await runner.query(functions);
    await runner.query(checks);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const exports = `
CREATE TABLE control.export_progress (
  export_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  records_done bigint NOT NULL DEFAULT 0,
  records_total bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  sha256 text,
  stored_at text,
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE control.export_progress ENABLE ROW LEVEL SECURITY;
ALTER TABLE control.export_progress FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON control.export_progress TO writ_tenant, writ_tenant_api
  USING (tenant_id = control.current_tenant()) WITH CHECK (tenant_id = control.current_tenant());
GRANT SELECT, INSERT, UPDATE ON control.export_progress TO writ_tenant;
GRANT SELECT ON control.export_progress TO writ_tenant_api;
`;

const sinks = `
CREATE TABLE control.sink (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  version integer NOT NULL DEFAULT 1,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('webhook', 'siem-webhook', 'siem-s3')),
  url text NOT NULL,
  -- Of a bucket: region, bucket, prefix, access key id.
  settings jsonb NOT NULL DEFAULT '{}',
  -- The signing key, or the secret access key; sealed under the tenant's key.
  sealed text NOT NULL,
  -- The signing key before the last rotation; good for a day more.
  previous_sealed text,
  rotated_at timestamptz,
  -- Events: the next index of the tree. Notices count deliveries only.
  cursor bigint NOT NULL DEFAULT 0 CHECK (cursor >= 0),
  sequence bigint NOT NULL DEFAULT 0 CHECK (sequence >= 0),
  delivered_at timestamptz,
  failure text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  removed_at timestamptz,
  UNIQUE (tenant_id, name)
);
ALTER TABLE control.sink ENABLE ROW LEVEL SECURITY;
ALTER TABLE control.sink FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON control.sink TO writ_tenant, writ_tenant_api
  USING (tenant_id = control.current_tenant()) WITH CHECK (tenant_id = control.current_tenant());
CREATE POLICY of_owner ON control.sink FOR SELECT TO writ_owner USING (true);
GRANT SELECT, INSERT, UPDATE ON control.sink TO writ_tenant_api;
GRANT SELECT ON control.sink TO writ_tenant;
GRANT UPDATE (cursor, sequence, delivered_at, failure) ON control.sink TO writ_tenant;
`;

const functions = `
-- Which sinks take events, over all tenants: ids alone.
CREATE FUNCTION control.event_sinks() RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.tenant_id, s.id FROM control.sink s WHERE s.kind IN ('siem-webhook', 'siem-s3') AND s.removed_at IS NULL
$$;
GRANT EXECUTE ON FUNCTION control.event_sinks() TO writ_worker;

-- The job's own end is in the same transaction, so an export is ready or is not.
CREATE FUNCTION control.settle_export(_tenant uuid, _id uuid, _state text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM control.require_tenant(_tenant);
  UPDATE control.evidence_export e SET state = _state, version = e.version + 1, updated_at = clock_timestamp()
    WHERE e.id = _id AND e.tenant_id = _tenant AND e.state = 'requested';
  RETURN FOUND;
END $$;
CREATE FUNCTION control.export_order(_tenant uuid, _id uuid) RETURNS TABLE (purpose text, requested_by text, from_at timestamptz, to_at timestamptz, state text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM control.require_tenant(_tenant);
  RETURN QUERY SELECT e.purpose, e.requested_by, e."from", e."to", e.state FROM control.evidence_export e WHERE e.id = _id AND e.tenant_id = _tenant;
END $$;
GRANT EXECUTE ON FUNCTION control.settle_export(uuid, uuid, text), control.export_order(uuid, uuid) TO writ_tenant;
`;

/** What is looked at again and again: domains by their TXT record, identity providers by their discovery and keys. */
const checks = `
CREATE TABLE control.upkeep_check (
  tenant_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('domain', 'identity-provider')),
  name text NOT NULL,
  ok boolean NOT NULL,
  -- In a row.
  failures int NOT NULL DEFAULT 0,
  because text,
  checked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, kind, name)
);
ALTER TABLE control.upkeep_check ENABLE ROW LEVEL SECURITY;
ALTER TABLE control.upkeep_check FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON control.upkeep_check TO writ_tenant, writ_tenant_api
  USING (tenant_id = control.current_tenant()) WITH CHECK (tenant_id = control.current_tenant());
GRANT SELECT, INSERT, UPDATE ON control.upkeep_check TO writ_tenant;
GRANT SELECT ON control.upkeep_check TO writ_tenant_api;

CREATE FUNCTION control.things_to_check(_tenant uuid) RETURNS TABLE (kind text, name text, target text, expected text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM control.require_tenant(_tenant);
  RETURN QUERY SELECT 'domain'::text, d.name, d.name, d.challenge FROM control.domain d WHERE d.tenant_id = _tenant AND d.verified_at IS NOT NULL
    UNION ALL SELECT 'identity-provider'::text, p.name, p.jwks_uri, ''::text FROM control.identity_provider p
      WHERE p.tenant_id = _tenant AND p.enabled AND p.jwks_uri IS NOT NULL;
END $$;
GRANT EXECUTE ON FUNCTION control.things_to_check(uuid) TO writ_tenant;
`;
