import type { Result, TenantId } from '@writ/domain';

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

/** The durable truth about money, in Postgres: spent and leased together never pass the ceiling. */
export interface BudgetLeases {
  /** Grants the slice or what is left of it; refuses when not even the least is left. */
  lease(
    key: BudgetKey,
    ask: {
      readonly limitMicros: bigint;
      readonly leastMicros: bigint;
      readonly sliceMicros: bigint;
      readonly seconds: number;
    },
  ): Promise<Result<BudgetLease, 'exhausted' | 'unavailable'>>;
  /** Returns what was not spent. Idempotent. */
  settle(lease: BudgetLease, spentMicros: bigint): Promise<Result<boolean, 'unavailable'>>;
}
