import { describe, expect, it } from '@jest/globals';
import type { EndpointId, Price } from '@writ/domain';
import type { AuthorizedEndpoint } from './authorized-endpoint.js';
import { localHealth } from './health.js';
import type { Candidate } from './candidate.js';
import { order, type OrderBy } from './order.js';

function aCandidate(id: string, weight = 1, costClass = 1): Candidate {
  return { endpoint: { id, costClass } as AuthorizedEndpoint, model: 'm', weight, contextLength: undefined };
}

function aPrice(id: string, input: string): Price {
  return {
    endpoint: id as EndpointId,
    model: 'm',
    inputMicrosPerMillion: input,
    outputMicrosPerMillion: '1',
    version: '1',
  };
}

/** A linear congruential sequence: the same every time. */
function spread(): () => number {
  let state = 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

function idsBy(candidates: readonly Candidate[], by: Partial<OrderBy>): readonly string[] {
  const all: OrderBy = { strategy: 'ordered', prices: [], health: localHealth(), random: spread(), ...by };
  return order(candidates, all).map(({ endpoint }) => endpoint.id);
}

describe('order', () => {
  it('weighted: shares the load by weight, and weight 0 is a fallback only', () => {
    const random = spread();
    const candidates = [aCandidate('a', 3), aCandidate('b', 1), aCandidate('c', 0), aCandidate('d', Number.NaN)];
    const first: Record<string, number> = {};
    for (let time = 0; time < 4_000; time += 1) {
      const ids = idsBy(candidates, { strategy: 'weighted', random });
      expect(ids.toSorted()).toEqual(['a', 'b', 'c', 'd']);
      first[ids[0]!] = (first[ids[0]!] ?? 0) + 1;
    }
    expect(Object.keys(first).toSorted()).toEqual(['a', 'b']);
    expect(first['a']! / first['b']!).toBeGreaterThan(2.5);
    expect(first['a']! / first['b']!).toBeLessThan(3.5);
  });

  it('least-cost: the cheapest price first, an unpriced one last', () => {
    const prices = [aPrice('b', '9'), aPrice('c', '8')];
    const candidates = [aCandidate('a'), aCandidate('b'), aCandidate('c')];
    expect(idsBy(candidates, { strategy: 'least-cost', prices })).toEqual(['c', 'b', 'a']);
  });

  it('least-cost without prices: the lowest cost class first, then the order of the alias', () => {
    const candidates = [aCandidate('a', 1, 3), aCandidate('b', 1, 1), aCandidate('c', 1, 1)];
    expect(idsBy(candidates, { strategy: 'least-cost' })).toEqual(['b', 'c', 'a']);
  });

  it('lowest-latency: never starts with the slowest of three, and measures the unmeasured', () => {
    const health = localHealth();
    health.report('a', undefined, undefined, 900, 0);
    health.report('b', undefined, undefined, 100, 0);
    const random = spread();
    const candidates = [aCandidate('a'), aCandidate('b'), aCandidate('c')];
    const first = Array.from(
      { length: 200 },
      () => idsBy(candidates, { strategy: 'lowest-latency', health, random })[0],
    );
    expect(new Set(first)).toEqual(new Set(['b', 'c']));
  });
});
