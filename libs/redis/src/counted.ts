import type { TenantId } from '@writ/domain';
import type { Counter } from './counter.js';

/** The kinds of a rule's limits, in the order in which they are checked. */
export const counted = ['requests', 'tokens', 'concurrency'] as const;

export type Counted = (typeof counted)[number];

/** What a counter had counted when it was asked. Of a kind that it does not limit, the number means nothing. */
export interface Used {
  readonly requests: number;
  readonly tokens: number;
  readonly concurrency: number;
}

/** One request as the counters see it. */
export interface Touched {
  readonly id: string;
  readonly tenant: TenantId;
  readonly counters: readonly Counter[];
  /** The worst case, of input and output together. */
  readonly tokens: number;
}
