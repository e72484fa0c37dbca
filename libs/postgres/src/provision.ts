import type { TenantId } from '@writ/domain';
import { type PlanePool, connectToPrimary } from './plane.js';

export interface NewLog {
  readonly tenant: TenantId;
  /** C2SP origin line, for ever. */
  readonly origin: string;
  readonly shard?: number;
}

/** The origin line of a tenant's log under one deployment's name, e.g. `ledger.example.org/<tenant>`. */
export function logOrigin(deployment: string, tenant: TenantId): string {
  return `${deployment}/${tenant}`;
}

/** Roles, schema, tables, triggers, grants and log of a tenant, in one call and one transaction; a second call changes nothing. */
export async function provisionTenant(plane: PlanePool, log: NewLog): Promise<void> {
  const client = await connectToPrimary(plane);
  try {
    await client.query('SELECT ledger.provision($1, $2, $3)', [log.tenant, log.origin, log.shard ?? 0]);
    client.release();
  } catch (cause) {
    client.release(true);
    throw cause;
  }
}

/** The origin line that a tenant's log was made with; undefined when it has none. It never changes. */
export async function originOf(plane: PlanePool, tenant: TenantId): Promise<string | undefined> {
  const client = await connectToPrimary(plane);
  try {
    const { rows } = await client.query<{ origin: string | null }>({
      text: 'SELECT ledger.origin_of($1) AS origin',
      values: [tenant],
    });
    client.release();
    return rows[0]?.origin ?? undefined;
  } catch (cause) {
    client.release(true);
    throw cause;
  }
}
