import type { MigrationInterface, QueryRunner } from 'typeorm';
import { neverDown } from './one-way.js';

/** What exports and audits need beside the tenants' own tables: which logs there are, and how their writers were admitted. */
export class Export1763694000009 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(enrolments);
  }

  down(): Promise<void> {
    return neverDown();
  }
}

const enrolments = `
CREATE FUNCTION ledger.enrolments(_writers text[]) RETURNS TABLE (id text, statement text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.id, w.statement FROM ledger.writer w WHERE w.id = ANY (_writers)
$$;
CREATE FUNCTION ledger.tenants() RETURNS TABLE (tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.tenant_id FROM ledger.log l ORDER BY l.slot
$$;
GRANT EXECUTE ON FUNCTION ledger.tenants(), ledger.origin_of(uuid) TO writ_exporter, writ_worker;

-- The role that every tenant's roles inherit from.
GRANT USAGE ON SCHEMA ledger TO writ_reader;
GRANT SELECT ON ledger.retention_class TO writ_reader;
GRANT EXECUTE ON FUNCTION ledger.enrolments(text[]), ledger.origin_of(uuid) TO writ_reader;
`;
