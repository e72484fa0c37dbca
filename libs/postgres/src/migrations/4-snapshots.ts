import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * Published configuration: signed snapshots, and the directory that tells a gateway which tenants trust an issuer or own
 * an app key. Gateways read through functions alone; a tenant's role writes its own rows alone.
 */
export class Snapshots1763694000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(tables);
    await runner.query(rowSecurity);
    await runner.query(functions);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const tables = `
GRANT USAGE ON SCHEMA control TO writ_gateway, writ_tenant_api, writ_worker, writ_tenant;

CREATE FUNCTION control.current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('app.tenant', true), '')::uuid;
GRANT EXECUTE ON FUNCTION control.current_tenant() TO writ_tenant_api, writ_tenant;

CREATE TABLE control.snapshot (
  tenant_id uuid NOT NULL,
  version bigint NOT NULL CHECK (version > 0),
  -- The signed bytes exactly: jsonb would not keep them.
  body text NOT NULL,
  signature text NOT NULL,
  published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, version)
);

-- One row for each audience: no two tenants may trust the same issuer and audience under the same bound claims.
CREATE TABLE control.directory_connection (
  issuer text NOT NULL,
  audience text NOT NULL,
  bound_claims text NOT NULL,
  tenant_id uuid NOT NULL,
  connection text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (issuer, audience, bound_claims)
);
CREATE INDEX ON control.directory_connection (tenant_id);

CREATE TABLE control.directory_key (
  sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  tenant_id uuid NOT NULL,
  body text NOT NULL
);
CREATE INDEX ON control.directory_key (tenant_id);
`;

const rowSecurity = `
DO $$
DECLARE _table text;
BEGIN
  FOREACH _table IN ARRAY ARRAY['snapshot', 'directory_connection', 'directory_key'] LOOP
    EXECUTE format('ALTER TABLE control.%1$I ENABLE ROW LEVEL SECURITY; ALTER TABLE control.%1$I FORCE ROW LEVEL SECURITY;
      CREATE POLICY of_tenant ON control.%1$I TO writ_tenant, writ_tenant_api
        USING (tenant_id = control.current_tenant()) WITH CHECK (tenant_id = control.current_tenant());
      CREATE POLICY of_owner ON control.%1$I TO writ_owner USING (true) WITH CHECK (true);', _table);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON control.snapshot TO writ_tenant, writ_tenant_api;
GRANT SELECT, INSERT, DELETE ON control.directory_connection, control.directory_key TO writ_tenant, writ_tenant_api;
`;

const functions = `
CREATE FUNCTION control.load_snapshot(_tenant uuid) RETURNS TABLE (version bigint, body text, signature text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.version, s.body, s.signature FROM control.snapshot s WHERE s.tenant_id = _tenant ORDER BY s.version DESC LIMIT 1
$$;

-- The whole lease renewal of a gateway: one answer for every tenant it holds.
CREATE FUNCTION control.snapshot_versions(_tenants uuid[]) RETURNS TABLE (tenant_id uuid, version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT t, (SELECT max(s.version) FROM control.snapshot s WHERE s.tenant_id = t) FROM unnest(_tenants) t
$$;

CREATE FUNCTION control.find_issuer(_issuer text) RETURNS TABLE (tenant_id uuid, body text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT ON (d.tenant_id, d.connection) d.tenant_id, d.body FROM control.directory_connection d
  WHERE d.issuer = _issuer ORDER BY d.tenant_id, d.connection LIMIT 10000
$$;

CREATE FUNCTION control.find_app_key(_sha256 text) RETURNS TABLE (tenant_id uuid, body text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT d.tenant_id, d.body FROM control.directory_key d WHERE d.sha256 = _sha256
$$;

GRANT EXECUTE ON FUNCTION control.load_snapshot(uuid), control.snapshot_versions(uuid[]), control.find_issuer(text),
  control.find_app_key(text) TO writ_gateway, writ_worker;
`;
