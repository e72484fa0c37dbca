import type { FaultClass } from './fault.js';

/** What a fault means for the rest of the request, and for the endpoint and the key that it came from. */
export interface FaultRule {
  /**
   * `rotate`: another key of the pool, then the next endpoint. `retry`: once more inside the retry budget, then the next.
   * `longer`: the next candidate with a longer context. `stop`: another endpoint would not make it right.
   */
  readonly next: 'rotate' | 'retry' | 'endpoint' | 'longer' | 'stop';
  /** `well`: the endpoint understood the request and refused it. `missing`: well, but its model is not there; an alarm. */
  readonly key: 'cooldown' | 'quarantine' | 'failure' | 'well' | 'missing';
}

/** The error taxonomy: one table, for every provider, for the route and for the health. */
export const taxonomy: Readonly<Record<FaultClass, FaultRule>> = {
  'rate-limited': { next: 'rotate', key: 'cooldown' },
  credential: { next: 'endpoint', key: 'quarantine' },
  billing: { next: 'endpoint', key: 'quarantine' },
  unavailable: { next: 'retry', key: 'failure' },
  'broken-stream': { next: 'retry', key: 'failure' },
  'context-too-long': { next: 'longer', key: 'well' },
  'not-found': { next: 'endpoint', key: 'missing' },
  malformed: { next: 'stop', key: 'well' },
  filtered: { next: 'stop', key: 'well' },
};
