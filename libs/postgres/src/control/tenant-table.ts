import type { QueryRunner } from 'typeorm';

/** The columns that every row of a tenant has. */
export const rowColumns = `
  id uuid NOT NULL PRIMARY KEY,
  tenant_id uuid NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()`;

/** A table of tenants' rows: row-level security that binds its owner too, and the tenant API's rights, one by one. */
export async function makeTenantTable(
  runner: QueryRunner,
  name: string,
  columns: string,
  rights = 'SELECT, INSERT, UPDATE, DELETE',
): Promise<void> {
  await runner.query(`CREATE TABLE control."${name}" (${rowColumns}, ${columns})`);
  await runner.query(`ALTER TABLE control."${name}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
  await runner.query(`CREATE POLICY own_tenant ON control."${name}"
    USING (tenant_id = NULLIF(current_setting('app.tenant', true), '')::uuid)
    WITH CHECK (tenant_id = NULLIF(current_setting('app.tenant', true), '')::uuid)`);
  await runner.query(`GRANT ${rights} ON control."${name}" TO writ_tenant_api`);
}
