import type { JsonObject, TenantContext } from '@writ/domain';
import * as c from '@writ/postgres/control';
import type { Ports } from './ports.js';

/** How many there were of what a deletion takes away. */
export interface Removed {
  readonly identityProviders: number;
  readonly appKeys: number;
  readonly providerCredentials: number;
}

/** First, in the change that is recorded: whatever lets somebody in, or opens something outside, is gone. */
export async function removeAccess(tx: c.ControlTx, nowMs: number): Promise<Removed> {
  const providers = (await tx.all(c.IdentityProviderRow)).filter(({ enabled }) => enabled);
  for (const row of providers) await tx.update(c.IdentityProviderRow, row, { enabled: false });
  const keys = (await tx.all(c.AppKeyRow)).filter(({ revokedAt }) => revokedAt === null);
  for (const row of keys) await tx.update(c.AppKeyRow, row, { revokedAt: new Date(nowMs) });
  const endpoints = await tx.all(c.EndpointRow);
  for (const row of endpoints)
    if (row.credentialIds.length > 0) await tx.update(c.EndpointRow, row, { credentialIds: [] });
  await tx.remove(c.ScimTokenRow, {});
  await tx.remove(c.RecoveryCodeRow, {});
  await tx.remove(c.BreakGlassPasskeyRow, {});
  await tx.remove(c.BreakGlassRow, {});
  const providerCredentials = await tx.remove(c.ProviderCredentialRow, {});
  return { identityProviders: providers.length, appKeys: keys.length, providerCredentials };
}

/**
 * Then, once the record is durable: the data keys and everything that carries them. What is left in the ledger is
 * ciphertext without a key; every proof still holds. Safe to repeat; a legal hold refuses it (WL008).
 */
export async function destroyKeys(
  ports: Pick<Ports, 'control' | 'certify' | 'nowMs'>,
  tenant: TenantContext,
  about: { readonly record: string; readonly requester: string; readonly removed: Removed },
): Promise<string> {
  return ports.control.inTenant(tenant, async (tx) => {
    const row = await tx.one(c.TenantRow, { id: tx.tenantId });
    if (row?.state !== 'deleting') throw new Error('only a tenant whose deletion was recorded is forgotten');
    const { rows } = await tx.client.query('SELECT snapshots, queued FROM control.forget_tenant()');
    const deletedAt = new Date(ports.nowMs());
    const statement: JsonObject = {
      type: 'tenant-deletion',
      tenant: tx.tenantId,
      log: row.origin,
      deletedAt: deletedAt.toISOString(),
      requester: about.requester,
      record: about.record,
      destroyed: {
        dataKeys: ['hmac', 'content'],
        snapshots: Number(rows[0]?.['snapshots'] ?? 0),
        queuedJobs: Number(rows[0]?.['queued'] ?? 0),
        ...about.removed,
      },
      kept: 'The records of the ledger, as ciphertext and hashes, for as long as their retention class says; this log.',
    };
    const deletionCertificate = ports.certify(statement);
    await tx.update(c.TenantRow, row, {
      state: 'deleted',
      wrappedHmacKey: '',
      wrappedContentKey: '',
      deletionCertificate,
    });
    return deletionCertificate;
  });
}

export function isHeld(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'WL008';
}
