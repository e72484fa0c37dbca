import { describe, expect, it } from '@jest/globals';
import type { Ask } from '@writ/domain';
import type { Held } from '@writ/enforcement';
import { aSnapshot, tenantA } from '../support/builders.js';
import { CallerTwin, type Seen } from '../support/caller-twin.js';
import { anAsk, holdSnapshot, House } from '../support/house.js';
import { payloadOf } from '../support/invariants.js';

async function run(house: House, asks: readonly Ask[]): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const ask of asks) void new CallerTwin(house).ask(ask).then((done) => seen.push(done));
  await house.clock.run(() => seen.length === asks.length);
  return seen;
}

const payloads = (house: House) => (house.store.leaves.get(tenantA) ?? []).map(payloadOf);

describe('what changes under a request', () => {
  it('C8: a policy published while requests are in flight decides each by one version, which its record names', async () => {
    const house = new House();
    const before = house.held;
    const snapshot = aSnapshot({ version: 2 });
    const source = snapshot.policy.source.replace('name: hospital', 'name: second');
    const after: Held = holdSnapshot(
      { ...snapshot, policy: { ...snapshot.policy, source, version: 2 } },
      house.clock.nowMs(),
    );
    let asked = 0;
    Object.assign(house.ports, {
      snapshots: {
        current: async () => {
          asked += 1;
          return Promise.resolve({ ok: true, value: asked > 100 ? after : before });
        },
      },
    });
    await run(
      house,
      Array.from({ length: 200 }, () => anAsk(house, 'Hello')),
    );
    const decisions = payloads(house).filter(({ effect }) => effect === 'permit');
    expect(decisions).toHaveLength(200);
    const policies = decisions.map(({ policy, snapshot: version }) => JSON.stringify([policy, version]));
    expect(new Set(policies).size).toBe(2);
    for (const name of ['hospital', 'second'])
      expect(policies.filter((policy) => policy.includes(`"${name}"`))).toHaveLength(100);
  });

  it('C10: an alias re-pointed during a request changes that request no more, and the record has what was asked, routed and answered', async () => {
    const house = new House({ script: () => ({ pieces: ['Hello'] }) });
    const { providers } = house.ports;
    Object.assign(house.ports, {
      providers: {
        // The provider answers with another model than it was asked for.
        call: (...[permit, endpoint, prompt, how]: Parameters<typeof providers.call>) =>
          providers.call(permit, endpoint, prompt, { ...how, model: 'another-model' }),
      },
    });
    await run(house, [anAsk(house, 'Hello')]);
    const [decision, outcome] = payloads(house);
    expect(JSON.stringify(decision)).toContain('"fast"');
    expect(outcome).toMatchObject({ attempts: [{ model: 'gpt-test', reason: 'primary' }] });
    expect(JSON.stringify(outcome)).toContain('another-model');
  });
});

describe('F35: a storm of errors', () => {
  it('of 5xx: retries stay under a tenth of the traffic, and the breaker soon spares the endpoint', async () => {
    const house = new House({
      script: (endpoint) =>
        endpoint === 'openai-us'
          ? { pieces: [], fault: { class: 'unavailable', detail: 'http-503' } }
          : { pieces: ['ok'] },
    });
    const seen: Seen[] = [];
    for (let wave = 0; wave < 20; wave += 1)
      // Each wave learns from the one before it.
      // oxlint-disable-next-line no-await-in-loop
      seen.push(
        ...(await run(
          house,
          Array.from({ length: 20 }, () => anAsk(house, 'Hello')),
        )),
      );
    expect(seen.every(({ complete }) => complete)).toBe(true);
    const attempts = payloads(house).flatMap(({ attempts: made }) => (made as { reason: string }[] | undefined) ?? []);
    const retries = attempts.filter(({ reason }) => reason === 'retry').length;
    expect(retries).toBeGreaterThan(0);
    expect(retries).toBeLessThanOrEqual(attempts.length / 10);
    const struck = house.providers.arrivals.filter(({ endpoint }) => endpoint === 'openai-us').length;
    expect(struck).toBeLessThan(seen.length / 4);
  });

  it('of 429 without Retry-After: the key cools, and the next endpoint of the set serves', async () => {
    const house = new House({
      script: (endpoint) =>
        endpoint === 'openai-us'
          ? { pieces: [], fault: { class: 'rate-limited', detail: 'http-429' } }
          : { pieces: ['ok'] },
    });
    const seen = await run(house, [anAsk(house, 'Hello')]);
    const more = await run(house, [anAsk(house, 'Hello')]);
    expect([...seen, ...more].every(({ complete }) => complete)).toBe(true);
    expect(house.providers.arrivals.map(({ endpoint }) => endpoint)).toEqual(['openai-us', 'azure-baa', 'azure-baa']);
  });
});
