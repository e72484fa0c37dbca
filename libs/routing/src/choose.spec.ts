import { describe, expect, it } from '@jest/globals';
import { noObligations, type Alias, type Endpoint, type EndpointId, type LimitRule, type Permit } from '@writ/domain';
import type { AuthorizedEndpoint } from './authorized-endpoint.js';
import {
  choose,
  isAuthorizedBy,
  localHealth,
  type Attempt,
  type FaultClass,
  type Health,
  type Route,
} from './index.js';

/** Mulberry32: the same seed, the same case. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function anEndpoint(id: string, keys: readonly string[] = ['k1'], more: Partial<Endpoint> = {}): Endpoint {
  return {
    id: id as EndpointId,
    provider: 'openai',
    baseUrl: 'https://api.example.com',
    region: 'eu-west-1',
    residency: 'eu',
    assurances: [],
    zeroRetention: true,
    selfHosted: false,
    costClass: 1,
    maxClassification: 0,
    models: ['m'],
    keys: keys.map((key) => ({ id: key, sealed: '' })),
    settings: {},
    ...more,
  };
}

function aPermit(...ids: readonly string[]): Permit {
  return {
    effect: 'permit',
    authorizedEndpoints: ids as unknown as readonly EndpointId[],
    obligations: noObligations,
    policy: { name: 'p', version: 1, hash: 'sha256:00', engine: 'e' },
    matched: [],
    factsHash: '',
    catalogueHash: '',
  };
}

function anAlias(strategy: Alias['strategy'], ...ids: readonly string[]): Alias {
  return {
    name: 'fast',
    strategy,
    candidates: ids.map((id) => ({ endpoint: id as EndpointId, model: 'm', weight: 1 })),
  };
}

interface Setting {
  readonly permit: Permit;
  readonly aliases: readonly Alias[];
  readonly endpoints: readonly Endpoint[];
  readonly health?: Health;
  readonly random?: () => number;
  readonly model?: string;
}

function route({ permit, aliases, endpoints, health, random, model }: Setting): Route {
  const chosen = choose(
    permit,
    { model: model ?? 'fast', aliases, endpoints, random: random ?? seeded(1), nowMs: 0 },
    health ?? localHealth(),
  );
  if (!chosen.ok) throw new Error(chosen.error);
  return chosen.value;
}

const fault = (name: FaultClass): { readonly class: FaultClass; readonly detail: string } => ({
  class: name,
  detail: '',
});

/** Where a request goes when every attempt ends in the given faults, one after another. */
function walk(on: Route, faults: readonly FaultClass[], health?: Health): readonly string[] {
  const steps: string[] = [];
  let attempt: Attempt | undefined = on.next(undefined, 0);
  for (const name of faults) {
    if (!attempt) break;
    steps.push(`${attempt.endpoint.id}/${attempt.key?.id ?? '-'} ${attempt.reason}`);
    health?.report(attempt.endpoint.id, attempt.key?.id, fault(name), 1, 0);
    attempt = on.next(fault(name), 0);
  }
  if (attempt) steps.push(`${attempt.endpoint.id}/${attempt.key?.id ?? '-'} ${attempt.reason}`);
  return steps;
}

describe('choose', () => {
  const three = [anEndpoint('a'), anEndpoint('b'), anEndpoint('c')];
  const ordered = [anAlias('ordered', 'a', 'b', 'c')];

  it('never leaves the set that the permit authorizes, whatever the alias, the weights, the health and the faults', () => {
    const strategies: readonly Alias['strategy'][] = [
      'ordered',
      'weighted',
      'least-cost',
      'lowest-latency',
      'sticky',
      ['capability-fit', 'lowest-latency'],
    ];
    const faults: readonly FaultClass[] = [
      'rate-limited',
      'credential',
      'billing',
      'unavailable',
      'context-too-long',
      'not-found',
      'broken-stream',
    ];
    for (let seed = 1; seed <= 2_000; seed += 1) {
      const random = seeded(seed);
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
      const names = Array.from({ length: 1 + Math.floor(random() * 6) }, (_, index) => `e${index}`);
      const endpoints = names.map((name) => anEndpoint(name, pick([[], ['k1'], ['k1', 'k2', 'k3']])));
      const inSet = names.filter(() => random() < 0.5);
      const permit = aPermit(...inSet);
      const alias: Alias = {
        name: 'fast',
        strategy: pick(strategies),
        candidates: names.map((name) => ({
          endpoint: name as EndpointId,
          model: 'm',
          weight: Math.floor(random() * 3),
          contextLength: Math.floor(random() * 3),
        })),
      };
      const health = localHealth();
      const chosen = choose(permit, { model: 'fast', aliases: [alias], endpoints, random, nowMs: 0 }, health);
      expect(chosen.ok || inSet.length === 0).toBe(true);
      if (!chosen.ok) {
        expect(chosen.error).toBe('no-authorized-endpoint');
        continue;
      }
      let made = 0;
      for (let attempt = chosen.value.next(undefined, 0); attempt; made += 1) {
        expect(inSet).toContain(attempt.endpoint.id);
        expect(isAuthorizedBy(attempt.endpoint, permit)).toBe(true);
        const next = fault(pick(faults));
        health.report(attempt.endpoint.id, attempt.key?.id, next, 1, 0);
        attempt = chosen.value.next(next, 0);
      }
      expect(made).toBeLessThanOrEqual(4);
    }
  });

  it('S8: skips a fallback outside the permit, and refuses when none remains', () => {
    expect(walk(route({ permit: aPermit('a', 'c'), aliases: ordered, endpoints: three }), ['not-found'])).toEqual([
      'a/k1 primary',
      'c/k1 fallback:not-found',
    ]);
    const none = choose(
      aPermit('x'),
      { model: 'fast', aliases: ordered, endpoints: three, random: seeded(1), nowMs: 0 },
      localHealth(),
    );
    expect(none).toEqual({ ok: false, error: 'no-authorized-endpoint' });
  });

  it('takes a cast, a copy and an endpoint of another permit for what they are: not authorized', () => {
    const permit = aPermit('a');
    const attempt = route({ permit, aliases: ordered, endpoints: three }).next(undefined, 0)!;
    expect(isAuthorizedBy(attempt.endpoint, permit)).toBe(true);
    expect(isAuthorizedBy(attempt.endpoint, aPermit('a'))).toBe(false);
    expect(isAuthorizedBy({ ...attempt.endpoint }, permit)).toBe(false);
    expect(isAuthorizedBy(three[0] as AuthorizedEndpoint, permit)).toBe(false);
    expect(Object.isFrozen(attempt.endpoint)).toBe(true);
  });

  it('refuses a model that no alias and no endpoint names', () => {
    const chosen = choose(
      aPermit('a'),
      { model: 'unheard-of', aliases: ordered, endpoints: three, random: seeded(1), nowMs: 0 },
      localHealth(),
    );
    expect(chosen).toEqual({ ok: false, error: 'model-unknown' });
  });

  it('takes a concrete model name as an alias for every endpoint that declares it', () => {
    const on = route({ permit: aPermit('a', 'b'), aliases: [], endpoints: three, model: 'm' });
    expect(walk(on, ['not-found'])).toEqual(['a/k1 primary', 'b/k1 fallback:not-found']);
  });

  it('starts with the healthy: a resting primary is passed over, and when all rest the request is refused', () => {
    const health = localHealth();
    health.report('a', 'k1', fault('credential'), 1, 0);
    const setting = { permit: aPermit('a', 'b'), aliases: ordered, endpoints: three, health };
    expect(walk(route(setting), [])).toEqual(['b/k1 fallback:health']);
    health.report('b', 'k1', fault('rate-limited'), 1, 0);
    expect(() => route(setting)).toThrow('no-healthy-endpoint');
  });
});

describe("a key's own quota", () => {
  const rule = { id: 'r', scope: 'endpoint-key' as const };
  const endpoints = [anEndpoint('a', ['k1', 'k2']), anEndpoint('b')];
  const aliases = [anAlias('ordered', 'a', 'b')];
  const keyOf = (limits: readonly LimitRule[], health: Health, nowMs = 0, tokens = 10): string => {
    const needs = { model: 'fast', aliases, endpoints, limits, tokens, random: () => 0, nowMs };
    const chosen = choose(aPermit('a', 'b'), needs, health);
    if (!chosen.ok) return chosen.error;
    const attempt = chosen.value.next(undefined, nowMs)!;
    return `${attempt.endpoint.id}/${attempt.key?.id}`;
  };

  it('moves on to the next key, then to the next endpoint, then refuses, and has room again later', () => {
    const health = localHealth();
    const limits = [{ ...rule, requestsPerMinute: 1 }];
    const seen = [0, 0, 0, 0].map((nowMs) => keyOf(limits, health, nowMs));
    expect(seen).toEqual(['a/k1', 'a/k2', 'b/k1', 'no-healthy-endpoint']);
    expect(keyOf(limits, health, 120_000)).toBe('a/k1');
  });

  it('counts tokens, only of the key that the rule names, and only its share of several processes', () => {
    const limits = [{ ...rule, match: 'k1', tokensPerMinute: 40 }];
    const health = localHealth({ instances: 2 });
    expect([keyOf(limits, health), keyOf(limits, health), keyOf(limits, health)]).toEqual(['a/k1', 'a/k1', 'a/k2']);
    expect(keyOf([{ ...rule, scope: 'tenant', requestsPerMinute: 0 }], localHealth())).toBe('a/k1');
  });
});

describe('attempts, by fault class', () => {
  const two = [anEndpoint('a', ['k1', 'k2']), anEndpoint('b')];
  const on = (health?: Health): Route =>
    route({
      permit: aPermit('a', 'b'),
      aliases: [anAlias('ordered', 'a', 'b')],
      endpoints: two,
      random: () => 0,
      ...(health ? { health } : {}),
    });

  it('rate-limited: rotates through the keys of the pool, then the next endpoint', () => {
    const health = localHealth();
    expect(walk(on(health), ['rate-limited', 'rate-limited'], health)).toEqual([
      'a/k1 primary',
      'a/k2 key-rotation',
      'b/k1 fallback:rate-limited',
    ]);
  });

  it.each(['credential', 'billing', 'not-found'] as const)('%s: the next endpoint, not another key', (name) => {
    expect(walk(on(), [name])).toEqual(['a/k1 primary', `b/k1 fallback:${name}`]);
  });

  it.each(['unavailable', 'broken-stream'] as const)(
    '%s: one retry inside the budget, then the next endpoint',
    (name) => {
      expect(walk(on(), [name, name])).toEqual(['a/k1 primary', 'a/k1 retry', `b/k1 fallback:${name}`]);
    },
  );

  it('unavailable with a spent retry budget: the next endpoint at once', () => {
    const health = localHealth();
    while (health.takeRetry(0)) continue;
    expect(walk(on(health), ['unavailable'])).toEqual(['a/k1 primary', 'b/k1 fallback:unavailable']);
  });

  it('retries after a random delay, so that callers do not return together', () => {
    const delays = new Set<number | undefined>();
    for (let seed = 1; seed <= 20; seed += 1) {
      const retried = route({
        permit: aPermit('a'),
        aliases: [anAlias('ordered', 'a')],
        endpoints: two,
        random: seeded(seed),
      });
      retried.next(undefined, 0);
      delays.add(retried.next(fault('unavailable'), 0)?.delayMs);
    }
    expect(delays.size).toBeGreaterThan(15);
  });

  it.each(['malformed', 'filtered'] as const)('%s: fails fast, without a fallback', (name) => {
    expect(walk(on(), [name])).toEqual(['a/k1 primary']);
  });

  it('context-too-long: only a candidate with a longer context, else fails', () => {
    const alias: Alias = {
      name: 'fast',
      strategy: 'ordered',
      candidates: [8_000, 4_000, 32_000].map((contextLength, index) => ({
        endpoint: 'abc'[index] as EndpointId,
        model: 'm',
        weight: 1,
        contextLength,
      })),
    };
    const endpoints = [anEndpoint('a'), anEndpoint('b'), anEndpoint('c')];
    const longer = route({ permit: aPermit('a', 'b', 'c'), aliases: [alias], endpoints });
    expect(walk(longer, ['context-too-long'])).toEqual(['a/k1 primary', 'c/k1 fallback:context-too-long']);
    expect(walk(on(), ['context-too-long'])).toEqual(['a/k1 primary']);
  });

  it('makes at most four attempts', () => {
    const endpoints = Array.from({ length: 9 }, (_, index) => anEndpoint(`e${index}`));
    const names = endpoints.map(({ id }) => id);
    const many = route({ permit: aPermit(...names), aliases: [anAlias('ordered', ...names)], endpoints });
    expect(
      walk(
        many,
        Array.from({ length: 9 }, () => 'not-found' as const),
      ),
    ).toHaveLength(4);
  });
});
