import type { RecordId, TenantId } from '@writ/domain';
import { type PlanePool, connectToPrimary } from './plane.js';
import type { TenantTransaction } from './with-tenant.js';

/** How far a prune came: what it deleted in this window, and the index to go on from. */
export interface Pruned {
  readonly records: number;
  readonly next: number | undefined;
}

export interface RetentionStore {
  /**
   * Prunes one window of the range that `order` names. The order is a `retention.prune` event that stands in the
   * tenant's own tree; without it, and for what is held or not yet expired, nothing is deleted. Safe to repeat.
   */
  prune(tenant: TenantId, order: RecordId, after: number, limit: number): Promise<Pruned>;
  /** Deletes the keys of the subject that the order names, as far as no hold covers them: all of them, `limit` to a transaction. */
  erase(
    tenant: TenantId,
    order: RecordId,
    limit: number,
  ): Promise<{ readonly erased: number; readonly spared: number }>;
}

export function retentionStore(plane: PlanePool): RetentionStore {
  return {
    async prune(tenant, order, after, limit) {
      const row = await call<{ pruned: number; next: string | null }>(
        plane,
        'SELECT pruned, next FROM ledger.prune($1, $2, $3, $4)',
        [tenant, order, after, limit],
      );
      return { records: row?.pruned ?? 0, next: row === undefined || row.next === null ? undefined : Number(row.next) };
    },
    async erase(tenant, order, limit) {
      const sum = { erased: 0, spared: 0 };
      for (let after: string | undefined = '00000000-0000-0000-0000-000000000000'; after !== undefined;) {
        // oxlint-disable-next-line no-await-in-loop -- small transactions, one after the other
        const row: { erased: number; spared: number; next: string | null } | undefined = await call(
          plane,
          'SELECT erased, spared, next::text FROM ledger.erase_subject($1, $2, $3, $4)',
          [tenant, order, after, limit],
        );
        sum.erased += row?.erased ?? 0;
        sum.spared += row?.spared ?? 0;
        after = row?.next ?? undefined;
      }
      return sum;
    },
  };
}

/** A legal hold over indices of a tenant's log. `record` is the ledger's own record of it, committed before. */
export interface LegalHold {
  readonly id: string;
  readonly event: 'placed' | 'released';
  readonly from: number;
  readonly to: number;
  readonly matter: string;
  readonly record: RecordId;
}

/** A second row of the same event is refused by its key; a release never removes the row that placed the hold. */
export async function writeHold(transaction: TenantTransaction, hold: LegalHold): Promise<void> {
  await transaction.query(
    `INSERT INTO ${transaction.schema}.hold (tenant_id, hold_id, event, from_idx, to_idx, matter, record_id) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [transaction.tenant, hold.id, hold.event, hold.from, hold.to, hold.matter, hold.record],
  );
}

async function call<Row extends object>(plane: PlanePool, text: string, values: unknown[]): Promise<Row | undefined> {
  const client = await connectToPrimary(plane);
  try {
    const { rows } = await client.query<Row>({ text, values });
    client.release();
    return rows[0];
  } catch (cause) {
    client.release(true);
    throw cause;
  }
}
