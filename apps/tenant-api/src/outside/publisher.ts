import { parseTenantId } from '@writ/domain';
import { type PlanePool, type SnapshotSigner, provisionTenant, publishSnapshot } from '@writ/postgres';
import type { PublishPort } from '../ports.js';

/** Provisions tenants and publishes snapshots, within the transaction of the change that they follow. */
export function postgresPublisher(plane: PlanePool, signer: SnapshotSigner): PublishPort {
  return {
    async provision(tenant, origin) {
      await provisionTenant(plane, { tenant, origin });
    },
    async publish(client, snapshot) {
      const tenant = parseTenantId(snapshot.tenant);
      if (!tenant.ok) throw new Error(tenant.error);
      const query = async (text: string, values: readonly unknown[]): Promise<readonly unknown[]> =>
        (await client.query(text, [...values])).rows;
      await publishSnapshot({ tenant: tenant.value, query }, snapshot, signer);
    },
  };
}
