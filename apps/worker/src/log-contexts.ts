import { type TenantContext, tenantOfJob } from '@writ/domain';
import type { LogContext } from '@writ/ledger';
import type { Kms } from '@writ/platform';
import type { OpenPermit, SnapshotSource } from '@writ/postgres';

/** The keys of a tenant's log, from its snapshot, for a process that writes into many logs. Throws while they are out of reach. */
export type LogContexts = (row: Pick<OpenPermit, 'tenant' | 'origin'>) => Promise<LogContext>;

export function logContexts(source: SnapshotSource, kms: Kms): LogContexts {
  return async ({ tenant: id, origin }) => {
    const tenant: TenantContext = tenantOfJob(id);
    const current = await source.current(tenant);
    // A stale snapshot still holds the tenant's keys; nothing is permitted on its strength here.
    const snapshot = current.ok ? current.value : current.error.held;
    if (snapshot === undefined) throw new Error(`the snapshot of ${id} cannot be read`);
    return {
      tenant,
      origin,
      hmacKey: await kms.unwrap(`tenant/${id}/hmac`, snapshot.wrappedKeys.hmac),
      contentKey: await kms.unwrap(`tenant/${id}/content`, snapshot.wrappedKeys.content),
      keep: snapshot.evidence.keep,
    };
  };
}
