import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/**
 * A cell is one Postgres with its Redis, in a region, for at most 1,000 tenants; the directory says which tenant lives in
 * which. Nobody reads the tables: provisioning asks for a place, everyone else asks where a tenant is.
 */
export class Cells1763694000202 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(tables);
    await runner.query(placing);
    await runner.query(provision);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const tables = `
CREATE TABLE control.cell (
  name text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  -- Empty: tenants of every region.
  regions text[] NOT NULL,
  -- Names of the connections in the operators' own configuration; never an address with a password.
  postgres text NOT NULL,
  redis text NOT NULL,
  -- Where the cell's tenant API answers.
  address text NOT NULL,
  tenants int NOT NULL DEFAULT 0 CHECK (tenants <= tenants_at_most),
  tenants_at_most int NOT NULL CHECK (tenants_at_most BETWEEN 0 AND 1000)
);
INSERT INTO control.cell (name, regions, postgres, redis, address, tenants, tenants_at_most)
SELECT 'main', '{}', 'main', 'main', '', count(*), 1000 FROM ledger.log;

CREATE TABLE control.tenant_cell (
  tenant_id uuid PRIMARY KEY,
  cell text NOT NULL REFERENCES control.cell,
  placed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON control.tenant_cell (cell);
INSERT INTO control.tenant_cell (tenant_id, cell) SELECT tenant_id, 'main' FROM ledger.log;
`;

/** Takes a place in the emptiest cell for the region, once for each tenant. No row: no cell for the region has room. */
const placing = `
CREATE FUNCTION control.place_tenant(_tenant uuid, _region text) RETURNS TABLE (cell text, address text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE _cell text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('control.place', 0));
  SELECT t.cell INTO _cell FROM control.tenant_cell t WHERE t.tenant_id = _tenant;
  IF NOT FOUND THEN
    SELECT c.name INTO _cell FROM control.cell c
    WHERE c.tenants < c.tenants_at_most AND (c.regions = '{}' OR _region = ANY (c.regions))
    ORDER BY c.regions = '{}', c.tenants, c.name LIMIT 1;
    IF NOT FOUND THEN RETURN; END IF;
    UPDATE control.cell c SET tenants = c.tenants + 1 WHERE c.name = _cell;
    INSERT INTO control.tenant_cell (tenant_id, cell) VALUES (_tenant, _cell);
  END IF;
  RETURN QUERY SELECT c.name, c.address FROM control.cell c WHERE c.name = _cell;
END $$;

CREATE FUNCTION control.cell_of(_tenant uuid) RETURNS TABLE (cell text, regions text[], postgres text, redis text, address text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.name, c.regions, c.postgres, c.redis, c.address FROM control.tenant_cell t JOIN control.cell c ON c.name = t.cell
  WHERE t.tenant_id = _tenant
$$;
GRANT EXECUTE ON FUNCTION control.place_tenant(uuid, text) TO writ_tenant_api;
GRANT EXECUTE ON FUNCTION control.cell_of(uuid) TO writ_tenant_api, writ_gateway, writ_worker, writ_sequencer;
`;

/** As before, and never the 1,001st tenant: the catalogue of one Postgres bears no more without harm (WL007). */
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
  IF (SELECT count(*) FROM ledger.log) >= 1000 THEN
    RAISE EXCEPTION 'this cell has its 1000 tenants' USING ERRCODE = 'WL007';
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
