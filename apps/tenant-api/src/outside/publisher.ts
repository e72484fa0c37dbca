import {
  type PlanePool,
  type SnapshotSigner,
  type TenantTransaction,
  provisionTenant,
  publishSnapshot,
  schemaOf,
} from '@writ/postgres';
import type { SqlClient } from '@writ/postgres/control';
import { parseTenantId } from '@writ/domain';
import type { PublishPort } from '../ports.js';

/** Provisions tenants and publishes snapshots, within the transaction of the change that they follow. */
export function postgresPublisher(plane: PlanePool, signer: SnapshotSigner): PublishPort {
  return {
    async provision(tenant, origin) {
      await provisionTenant(plane, { tenant, origin });
    },
    async publish(client, snapshot) {
      // Published rows belong to the tenant's role; this login may take it on, for these statements only.
      await setRole(client, schemaOf(snapshot.tenant));
      await publishSnapshot(transactionOf(client, snapshot.tenant), snapshot, signer);
      await setRole(client, 'none');
    },
  };
}

async function setRole(client: SqlClient, role: string): Promise<void> {
  await client.query(`SELECT set_config('role', $1, true)`, [role]);
}

function transactionOf(client: SqlClient, id: string): TenantTransaction {
  const tenant = parseTenantId(id);
  if (!tenant.ok) throw new Error(tenant.error);
  return {
    tenant: tenant.value,
    schema: schemaOf(tenant.value),
    query: async <Row>(text: string, values: readonly unknown[] = []) =>
      (await client.query(text, [...values])).rows as unknown as readonly Row[],
  };
}
