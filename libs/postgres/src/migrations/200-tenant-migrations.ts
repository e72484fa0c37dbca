import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * What changes inside every tenant's schema. The statements of a version lie in the database, put there by `migrate`
 * alone, so that a tenant provisioned later gets the same ones in the transaction that makes it.
 */
export class TenantMigrations1763694000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(tables);
    await runner.query(apply);
    await runner.query(provision);
    await runner.query(progress);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const tables = `
CREATE TABLE ledger.schema_version (
  version bigint PRIMARY KEY,
  name text NOT NULL,
  statements text NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.schema_version FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON ledger.schema_version EXECUTE FUNCTION ledger.refuse_change();
ALTER TABLE ledger.schema_version ENABLE ALWAYS TRIGGER append_only, ENABLE ALWAYS TRIGGER append_only_whole;

CREATE TABLE ledger.tenant_migration (
  tenant_id uuid NOT NULL REFERENCES ledger.log,
  version bigint NOT NULL REFERENCES ledger.schema_version,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, version)
);

-- Why a tenant waits; the row goes when the version is applied after all.
CREATE TABLE ledger.tenant_migration_failure (
  tenant_id uuid NOT NULL REFERENCES ledger.log,
  version bigint NOT NULL REFERENCES ledger.schema_version,
  reason text NOT NULL,
  failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, version)
);
`;

/** In the statements \`%1$I\` is the schema and the tenant's role, \`%2$L\` the tenant's id, \`%3$I\` the role that only reads. */
const apply = `
CREATE FUNCTION ledger.migrate_tenant(_tenant uuid, _version bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  _schema text := ledger.schema_of(_tenant);
  _statements text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ledger.migrate:' || _tenant::text, 0));
  IF EXISTS (SELECT FROM ledger.tenant_migration m WHERE m.tenant_id = _tenant AND m.version = _version) THEN RETURN false; END IF;
  SELECT v.statements INTO STRICT _statements FROM ledger.schema_version v WHERE v.version = _version;
  EXECUTE format(_statements, _schema, _tenant, _schema || '_read');
  INSERT INTO ledger.tenant_migration (tenant_id, version) VALUES (_tenant, _version);
  DELETE FROM ledger.tenant_migration_failure f WHERE f.tenant_id = _tenant AND f.version = _version;
  RETURN true;
END $$;
`;

/** As before, and then every version there is. Registering a version takes the same lock, so none slips between. */
const provision = `
CREATE OR REPLACE FUNCTION ledger.provision(_tenant uuid, _origin text, _shard smallint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $provision$
DECLARE
  _role text := ledger.schema_of(_tenant);
  _known text;
  _version bigint;
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
  FOR _version IN SELECT v.version FROM ledger.schema_version v ORDER BY v.version LOOP
    PERFORM ledger.migrate_tenant(_tenant, _version);
  END LOOP;
END $provision$;
`;

const progress = `
CREATE FUNCTION ledger.migration_progress()
RETURNS TABLE (version bigint, name text, registered_at timestamptz, tenants bigint, applied bigint, failed bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT v.version, v.name, v.registered_at, (SELECT count(*) FROM ledger.log),
    (SELECT count(*) FROM ledger.tenant_migration m WHERE m.version = v.version),
    (SELECT count(*) FROM ledger.tenant_migration_failure f WHERE f.version = v.version)
  FROM ledger.schema_version v ORDER BY v.version
$$;
CREATE FUNCTION ledger.migration_failures() RETURNS TABLE (tenant_id uuid, version bigint, reason text, failed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT f.tenant_id, f.version, f.reason, f.failed_at FROM ledger.tenant_migration_failure f ORDER BY f.failed_at
$$;
GRANT EXECUTE ON FUNCTION ledger.migration_progress(), ledger.migration_failures() TO writ_worker;
`;
