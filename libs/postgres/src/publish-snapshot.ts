import type { IdentityConnection, Snapshot, TenantId } from '@writ/domain';
import type { SnapshotSigner } from './snapshot-signature.js';

/** The channel that gateways listen on; the payload is `<tenant>:<version>`. */
export const snapshotChannel = 'snapshot';

/**
 * Another tenant already trusts this issuer and audience under the same bound claims, or owns this key, or the version
 * exists. It is thrown, not returned, because the transaction must not go on.
 */
export class PublishConflict extends Error {
  constructor(readonly because: 'version-taken' | 'connection-taken' | 'app-key-taken') {
    super(`the snapshot cannot be published: ${because}`);
  }
}

/** A transaction that has set `app.tenant`: that of `withTenant`, or the tenant API's own. */
export interface PublishingTransaction {
  readonly tenant: TenantId;
  query(text: string, values: readonly unknown[]): Promise<readonly unknown[]>;
}

/**
 * Publishes inside the caller's transaction: the signed snapshot, the tenant's lines of the directory in its place, and
 * the notice to every gateway, which Postgres sends when the transaction commits.
 */
export async function publishSnapshot(
  transaction: PublishingTransaction,
  snapshot: Snapshot,
  signer: SnapshotSigner,
): Promise<void> {
  const { tenant } = transaction;
  if (snapshot.tenant !== tenant) throw new Error("a snapshot is published in its own tenant's transaction");
  const body = JSON.stringify(snapshot);
  const stored = await transaction.query(
    `INSERT INTO control.snapshot (tenant_id, version, body, signature) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING version`,
    [tenant, snapshot.version, body, signer.sign(body)],
  );
  if (stored.length === 0) throw new PublishConflict('version-taken');
  await replaceConnections(transaction, snapshot.connections);
  await replaceKeys(transaction, snapshot);
  await transaction.query('SELECT pg_notify($1, $2)', [snapshotChannel, `${tenant}:${snapshot.version}`]);
}

async function replaceConnections(
  transaction: PublishingTransaction,
  connections: readonly IdentityConnection[],
): Promise<void> {
  await transaction.query('DELETE FROM control.directory_connection WHERE tenant_id = $1', [transaction.tenant]);
  const lines = connections.flatMap((connection) =>
    connection.audiences.map((audience) => ({
      issuer: connection.issuer,
      audience,
      bound: boundClaimsText(connection),
      connection: connection.id,
      body: JSON.stringify(connection),
    })),
  );
  if (lines.length === 0) return;
  const stored = await transaction.query(
    `INSERT INTO control.directory_connection (issuer, audience, bound_claims, tenant_id, connection, body)
     SELECT i, a, b, $1, c, j FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS g(i, a, b, c, j)
     ON CONFLICT DO NOTHING RETURNING issuer`,
    [
      transaction.tenant,
      lines.map(({ issuer }) => issuer),
      lines.map(({ audience }) => audience),
      lines.map(({ bound }) => bound),
      lines.map(({ connection }) => connection),
      lines.map(({ body }) => body),
    ],
  );
  if (stored.length < lines.length) throw new PublishConflict('connection-taken');
}

async function replaceKeys(transaction: PublishingTransaction, snapshot: Snapshot): Promise<void> {
  await transaction.query('DELETE FROM control.directory_key WHERE tenant_id = $1', [transaction.tenant]);
  if (snapshot.appKeys.length === 0) return;
  const stored = await transaction.query(
    `INSERT INTO control.directory_key (sha256, tenant_id, body)
     SELECT h, $1, j FROM unnest($2::text[], $3::text[]) AS g(h, j) ON CONFLICT DO NOTHING RETURNING sha256`,
    [
      transaction.tenant,
      snapshot.appKeys.map(({ sha256 }) => sha256),
      snapshot.appKeys.map((key) => JSON.stringify(key)),
    ],
  );
  if (stored.length < snapshot.appKeys.length) throw new PublishConflict('app-key-taken');
}

/** One spelling for the same claims, whatever order they were entered in. */
function boundClaimsText({ boundClaims }: IdentityConnection): string {
  return JSON.stringify(Object.entries(boundClaims).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
