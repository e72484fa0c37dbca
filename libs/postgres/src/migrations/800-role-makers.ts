import type { MigrationInterface, QueryRunner } from 'typeorm';
import { roleMakers, tenantsPerRoleMaker } from '../role-makers.js';
import { neverDown } from './one-way.js';

/**
 * Whoever makes a role becomes an administrator of it, and every GRANT walks all memberships of the one who grants. So one
 * owner of a thousand tenants' roles spent 20 ms on each GRANT. Now each maker has the roles of at most 64 tenants.
 */
export class RoleMakers1763694000800 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`GRANT CREATE, USAGE ON SCHEMA ledger TO ${roleMakers.join(', ')}`);
    await runner.query(`GRANT EXECUTE ON FUNCTION ledger.schema_of(uuid) TO ${roleMakers.join(', ')}`);
    for (const maker of roleMakers) {
      // Each maker's function is made before the next one's: one connection.
      // oxlint-disable-next-line no-await-in-loop
      await runner.query(makeRoles(maker));
    }
    await runner.query(`REVOKE CREATE ON SCHEMA ledger FROM ${roleMakers.join(', ')}`);
    await runner.query(provision);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

/** Runs as the maker, so the roles are the maker's; only the owner's `ledger.provision` may call it. */
const makeRoles = (maker: string): string => `
SET LOCAL ROLE ${maker};
CREATE FUNCTION ledger.${maker}(_tenant uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $make$
BEGIN
  EXECUTE format($ddl$
    CREATE ROLE %1$I NOLOGIN; CREATE ROLE %2$I NOLOGIN;
    GRANT writ_tenant TO %1$I WITH INHERIT TRUE, SET FALSE;
    GRANT writ_reader TO %1$I, %2$I WITH INHERIT TRUE, SET FALSE;
    GRANT %1$I TO writ_tenant_api, writ_worker WITH INHERIT FALSE, SET TRUE;
    GRANT %2$I TO writ_exporter WITH INHERIT FALSE, SET TRUE;
  $ddl$, ledger.schema_of(_tenant), ledger.schema_of(_tenant) || '_read');
END $make$;
REVOKE ALL ON FUNCTION ledger.${maker}(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.${maker}(uuid) TO writ_owner;
SET LOCAL ROLE writ_owner;
`;

/** As before, but for who makes the roles: the slot says which maker, and a slot is never given twice. */
const provision = `
CREATE OR REPLACE FUNCTION ledger.provision(_tenant uuid, _origin text, _shard smallint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $provision$
DECLARE
  _known text;
  _version bigint;
  _slot int;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ledger.provision', 0));
  SELECT origin INTO _known FROM ledger.log WHERE tenant_id = _tenant;
  IF FOUND THEN
    IF _known <> _origin THEN RAISE EXCEPTION 'the log of this tenant has another origin' USING ERRCODE = 'WL005'; END IF;
    RETURN;
  END IF;
  SELECT coalesce(max(slot) + 1, 0) INTO _slot FROM ledger.log;
  IF _slot >= 1000 THEN RAISE EXCEPTION 'this cell has its 1000 tenants' USING ERRCODE = 'WL007'; END IF;
  EXECUTE format('SELECT ledger.%I($1)', 'writ_maker_' || lpad((_slot / ${tenantsPerRoleMaker})::text, 2, '0')) USING _tenant;
  EXECUTE format('CREATE SCHEMA %I', ledger.schema_of(_tenant));
  PERFORM ledger.make_tables(_tenant);
  PERFORM ledger.protect(_tenant);
  INSERT INTO ledger.log (tenant_id, origin, slot, shard) VALUES (_tenant, _origin, _slot, _shard);
  FOR _version IN SELECT v.version FROM ledger.schema_version v ORDER BY v.version LOOP
    PERFORM ledger.migrate_tenant(_tenant, _version);
  END LOOP;
END $provision$;
`;
