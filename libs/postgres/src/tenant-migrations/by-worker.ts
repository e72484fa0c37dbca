import { type TenantId, parseTenantId } from '@writ/domain';
import { type PlanePool, rowsOf } from '../plane.js';

/** A tenant whose schema lacks registered versions, and the newest of those. */
export interface TenantToMigrate {
  readonly tenant: TenantId;
  readonly newest: number;
}

/** Login `writ_worker`. It applies what `migrate` registered, and can register nothing itself. */
export interface TenantVersions {
  toMigrate(limit: number): Promise<readonly TenantToMigrate[]>;
  /** Applies every version that the tenant lacks, each in a transaction of its own; answers how many. Rejects at the first that fails. */
  bring(tenant: TenantId): Promise<number>;
}

export function tenantVersions(plane: PlanePool): TenantVersions {
  return {
    async toMigrate(limit) {
      const text = 'SELECT tenant_id, newest FROM ledger.tenants_to_migrate($1)';
      const found = await rowsOf<{ tenant_id: string; newest: string }>(plane, text, [limit]);
      return found.flatMap(({ tenant_id, newest }) => {
        const tenant = parseTenantId(tenant_id);
        return tenant.ok ? [{ tenant: tenant.value, newest: Number(newest) }] : [];
      });
    },
    async bring(tenant) {
      const text = 'SELECT version FROM ledger.versions_to_apply($1)';
      const versions = await rowsOf<{ version: string }>(plane, text, [tenant]);
      let applied = 0;
      // oxlint-disable-next-line no-await-in-loop -- one version follows the other
      for (const { version } of versions) if (await apply(plane, tenant, version)) applied += 1;
      return applied;
    },
  };
}

/** The failure is told to operators as well: `writ migrate status` shows it. */
async function apply(plane: PlanePool, tenant: TenantId, version: string): Promise<boolean> {
  try {
    const [row] = await rowsOf<{ applied: boolean }>(plane, 'SELECT ledger.apply_version($1, $2) AS applied', [
      tenant,
      version,
    ]);
    return row?.applied === true;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    await rowsOf(plane, 'SELECT ledger.note_migration_failure($1, $2, $3)', [tenant, version, reason]);
    throw cause;
  }
}
