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
