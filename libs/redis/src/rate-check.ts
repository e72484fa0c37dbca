import type { LimitRule } from '@writ/domain';

/** One counter that one request touches. */
export interface RateCheck {
  readonly rule: LimitRule;
  readonly what: 'requests' | 'tokens' | 'concurrency';
  readonly key: string;
  readonly limit: number;
  readonly cost: number;
}
