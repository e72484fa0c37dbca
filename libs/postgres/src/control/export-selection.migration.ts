import type { MigrationInterface, QueryRunner } from 'typeorm';

const selection = `
ALTER TABLE control.evidence_export ADD COLUMN selection jsonb, ADD COLUMN disclose text[] NOT NULL DEFAULT '{}',
  ADD CONSTRAINT disclosed_of_a_selection CHECK (cardinality(disclose) = 0 OR selection IS NOT NULL);
DROP FUNCTION control.export_order(uuid, uuid);
CREATE FUNCTION control.export_order(_tenant uuid, _id uuid) RETURNS TABLE (purpose text, requested_by text, from_at timestamptz, to_at timestamptz, state text, selection jsonb, disclose text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM control.require_tenant(_tenant);
  RETURN QUERY SELECT e.purpose, e.requested_by, e."from", e."to", e.state, e.selection, e.disclose
    FROM control.evidence_export e WHERE e.id = _id AND e.tenant_id = _tenant;
END $$;
REVOKE EXECUTE ON FUNCTION control.export_order(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control.export_order(uuid, uuid) TO writ_tenant;
`;

/** An export may be of some records alone: of one subject, one endpoint, or a list; and disclose fields of those. */
export class ExportSelection1792000000830 implements MigrationInterface {
  readonly name = 'ExportSelection1792000000830';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(selection);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go one way only; restore a backup instead'));
  }
}
