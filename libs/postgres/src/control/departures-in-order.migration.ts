import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from '../migrations/one-way.js';

/**
 * A deletion is half done only while nothing was asked or taken back after its record: a tenant that came back and asks to leave
 * again has its days of grace.
 */
export class DeparturesInOrder1792000000773 implements MigrationInterface {
  readonly name = 'DeparturesInOrder1792000000773';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
CREATE OR REPLACE FUNCTION control.unfinished_deletions(_for_ms bigint) RETURNS TABLE (tenant_id uuid, since timestamptz, is_held boolean)
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
    CONTINUE WHEN EXISTS (SELECT FROM control.change c WHERE c.tenant_id = _tenant AND c.created_at > _since
      AND c.event IN ('admin.tenant-deletion-requested', 'admin.tenant-deletion-cancelled'));
    RETURN QUERY SELECT _tenant, _since, control.is_under_hold();
  END LOOP;
  PERFORM set_config('app.tenant', coalesce(_before, ''), true);
END $$;`);
  }

  down(): Promise<void> {
    return neverDown();
  }
}
