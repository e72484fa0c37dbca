import { randomUUID } from 'node:crypto';
import { type Result, type TenantId, err, ok } from '@writ/domain';
import { type PlanePool, connectToPrimary } from './plane.js';

/** One ceiling in one period. `holder` is the subject, app or role it is for; empty for the whole tenant. */
export interface BudgetKey {
  readonly tenant: TenantId;
  readonly budget: string;
  readonly holder: string;
  /** Ms since the epoch. */
  readonly periodStart: number;
}

/** A slice of a ceiling that this process alone may spend, until it settles it or the slice runs out. */
export interface BudgetLease {
  readonly id: string;
  readonly key: BudgetKey;
  readonly grantedMicros: bigint;
  /** What was left of the ceiling for others, after this grant. */
  readonly remainingMicros: bigint;
}

export interface BudgetStore {
  /**
   * Grants `sliceMicros`, or what is left of it, or refuses when not even `leastMicros` is left. Spent and leased
   * together never pass `limitMicros`, however many processes ask at once.
   */
  lease(
    key: BudgetKey,
    ask: {
      readonly limitMicros: bigint;
      readonly leastMicros: bigint;
      readonly sliceMicros: bigint;
      readonly seconds: number;
    },
  ): Promise<Result<BudgetLease, 'exhausted' | 'unavailable'>>;
  /** Returns what was not spent. Idempotent: a second call for the same lease changes nothing and answers false. */
  settle(lease: BudgetLease, spentMicros: bigint): Promise<Result<boolean, 'unavailable'>>;
}

export function budgetStore(plane: PlanePool): BudgetStore {
  return {
    async lease(key, { limitMicros, leastMicros, sliceMicros, seconds }) {
      const id = randomUUID();
      const row = await ask<{ granted: string; remaining: string }>(
        plane,
        'SELECT granted, remaining FROM control.lease_budget($1, $2, $3, $4, $5, $6, $7, $8, $9)',
        [
          id,
          key.tenant,
          key.budget,
          key.holder,
          new Date(key.periodStart),
          limitMicros,
          leastMicros,
          sliceMicros,
          seconds,
        ],
      );
      if (row === undefined) return err('unavailable');
      const grantedMicros = BigInt(row.granted);
      if (grantedMicros === 0n) return err('exhausted');
      return ok({ id, key, grantedMicros, remainingMicros: BigInt(row.remaining) });
    },
    async settle(lease, spentMicros) {
      const row = await ask<{ settled: boolean }>(plane, 'SELECT control.settle_budget($1, $2) AS settled', [
        lease.id,
        spentMicros,
      ]);
      return row === undefined ? err('unavailable') : ok(row.settled);
    },
  };
}

async function ask<Row extends object>(plane: PlanePool, text: string, values: unknown[]): Promise<Row | undefined> {
  try {
    const client = await connectToPrimary(plane);
    try {
      const { rows } = await client.query<Row>({ text, values });
      client.release();
      return rows[0];
    } catch (cause) {
      client.release(true);
      throw cause;
    }
  } catch {
    return undefined;
  }
}
