import type { FaultClass } from './fault.js';

/** What a fault means for the rest of the request, and for the endpoint and the key that it came from. */
export interface FaultRule {
  /**
   * `rotate`: another key of the pool, then the next endpoint. `retry`: once more inside the retry budget, then the next.
   * `longer`: the next candidate with a longer context. `stop`: another endpoint would not make it right.
   */
  readonly then: 'rotate' | 'retry' | 'next' | 'longer' | 'stop';
  /** `well`: the endpoint understood the request and refused it. `missing`: well, but its model is not there; an alarm. */
  readonly key: 'cooldown' | 'quarantine' | 'failure' | 'well' | 'missing';
}

/** The error taxonomy: one table, for every provider, for the route and for the health. */
export const taxonomy: Readonly<Record<FaultClass, FaultRule>> = {
  'rate-limited': { then: 'rotate', key: 'cooldown' },
  credential: { then: 'next', key: 'quarantine' },
  billing: { then: 'next', key: 'quarantine' },
  unavailable: { then: 'retry', key: 'failure' },
  'broken-stream': { then: 'retry', key: 'failure' },
  'context-too-long': { then: 'longer', key: 'well' },
  'not-found': { then: 'next', key: 'missing' },
  malformed: { then: 'stop', key: 'well' },
  filtered: { then: 'stop', key: 'well' },
};
