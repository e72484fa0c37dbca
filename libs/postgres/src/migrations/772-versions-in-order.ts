import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/** A worker applies the versions of a tenant's schema in their order, whatever it is told. */
export class VersionsInOrder1763694000772 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE OR REPLACE FUNCTION ledger.apply_version(_tenant uuid, _version bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
BEGIN
  IF EXISTS (SELECT FROM ledger.versions_to_apply(_tenant) v WHERE v.version < _version) THEN
    RAISE EXCEPTION 'an earlier version waits for this tenant' USING ERRCODE = '55000';
  END IF;
  RETURN ledger.migrate_tenant(_tenant, _version);
END $$;`);
  }

  down(): Promise<void> {
    return neverDown();
  }
}
