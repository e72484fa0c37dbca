import type { Result, TenantId } from '@writ/domain';

/** One ceiling in one period. `holder` is the subject, app, role or team it is for; empty for the whole tenant. */
export interface BudgetKey {
  readonly tenant: TenantId;
  readonly budget: string;
  readonly holder: string;
  /** Ms since the epoch. */
  readonly periodStart: number;
}

/** `other-period`: by the store's clock it is another day or month than the key names. */
export type LeaseRefusal = 'exhausted' | 'unavailable' | 'other-period';

/** A slice of a ceiling that this process alone may spend, until it settles it or the slice runs out. */
export interface BudgetLease {
  readonly id: string;
  readonly key: BudgetKey;
  readonly grantedMicros: bigint;
  /** What was left of the ceiling for others, after this grant. */
  readonly remainingMicros: bigint;
}

/** The durable truth about money, in Postgres: spent and leased together never pass the ceiling. Its clock is the one that counts. */
export interface BudgetLeases {
  /** Ms since the epoch by the store's clock, which alone says which period it is; undefined while it is out. */
  nowMs(): Promise<number | undefined>;
  /** Grants the slice or what is left of it; refuses when not even the least is left, and for a period that is not now. */
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
  /** Returns what was not spent. Idempotent. */
  settle(lease: BudgetLease, spentMicros: bigint): Promise<Result<boolean, 'unavailable'>>;
}
