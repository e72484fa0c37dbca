import { randomBytes } from 'node:crypto';
import { type TenantContext, type TenantId, tenantOfJob } from '@writ/domain';
import type { LogContext } from '@writ/ledger';
import type { Kms } from '@writ/platform';
import type { OpenPermit, SnapshotSource } from '@writ/postgres';

/**
 * The keys of a tenant's log, from its snapshot, for a process that writes into many logs. Throws while they are out of reach.
 * The keys of a tenant that has left are destroyed; its log still takes the orders to prune it, under keys that nobody keeps.
 */
export type LogContexts = (row: Pick<OpenPermit, 'tenant' | 'origin'>) => Promise<LogContext>;

/** Of the records that a closed log still takes: how long they are kept. */
const keepOfClosed = 'y6';

export function logContexts(
  source: SnapshotSource,
  kms: Kms,
  isClosed: (tenant: TenantId) => Promise<boolean>,
): LogContexts {
  return async ({ tenant: id, origin }) => {
    const tenant: TenantContext = tenantOfJob(id);
    const current = await source.current(tenant);
    // A stale snapshot still holds the tenant's keys; nothing is permitted on its strength here.
    const snapshot = current.ok ? current.value : current.error.held;
    if (snapshot === undefined) {
      if (!(await isClosed(id))) throw new Error(`the snapshot of ${id} cannot be read`);
      return { tenant, origin, hmacKey: randomBytes(32), contentKey: randomBytes(32), keep: keepOfClosed };
    }
    return {
      tenant,
      origin,
      hmacKey: await kms.unwrap(`tenant/${id}/hmac`, snapshot.wrappedKeys.hmac),
      contentKey: await kms.unwrap(`tenant/${id}/content`, snapshot.wrappedKeys.content),
      keep: snapshot.evidence.keep,
    };
  };
}
