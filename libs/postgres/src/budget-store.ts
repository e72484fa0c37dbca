import { randomUUID } from 'node:crypto';
import { type Result, type TenantId, err, ok } from '@writ/domain';
import { type PlanePool, connectToPrimary } from './plane.js';

/** One ceiling in one period. `holder` is the subject, app, role or team it is for; empty for the whole tenant. */
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

/** `other-period`: by the database's clock it is another day or month than the key names. */
export type LeaseRefusal = 'exhausted' | 'unavailable' | 'other-period';

export interface BudgetStore {
  /** Ms since the epoch by the database's clock; undefined while it is out. */
  nowMs(): Promise<number | undefined>;
  /**
   * Grants `sliceMicros`, or what is left of it, or refuses when not even `leastMicros` is left. Spent and leased
   * together never pass `limitMicros`, however many processes ask at once. Which period it is, the database's clock says.
   */
  lease(
    key: BudgetKey,
    ask: {
      readonly period: 'day' | 'month' | 'total';
      readonly limitMicros: bigint;
      readonly leastMicros: bigint;
      readonly sliceMicros: bigint;
      readonly seconds: number;
    },
  ): Promise<Result<BudgetLease, LeaseRefusal>>;
  /** Returns what was not spent. Idempotent: a second call for the same lease changes nothing and answers false. */
  settle(lease: BudgetLease, spentMicros: bigint): Promise<Result<boolean, 'unavailable'>>;
}

export function budgetStore(plane: PlanePool): BudgetStore {
  return {
    async nowMs() {
      const row = await ask<{ now: string }>(
        plane,
        'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now',
        [],
      );
      return row === undefined ? undefined : Number(row.now);
    },
    async lease(key, { period, limitMicros, leastMicros, sliceMicros, seconds }) {
      const id = randomUUID();
      const row = await ask<{ granted: string | null; remaining: string | null }>(
        plane,
        'SELECT granted, remaining FROM control.lease_slice($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
        [
          id,
          key.tenant,
          key.budget,
          key.holder,
          new Date(key.periodStart),
          period,
          limitMicros,
          leastMicros,
          sliceMicros,
          seconds,
        ],
      );
      if (row === undefined) return err('unavailable');
      if (row.granted === null || row.remaining === null) return err('other-period');
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
