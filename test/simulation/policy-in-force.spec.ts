import { describe, expect, it } from '@jest/globals';
import type { Held } from '@writ/enforcement';
import { compile, link } from '@writ/policy';
import { aSnapshot, tenantA } from '../support/builders.js';
import { CallerTwin, type Seen } from '../support/caller-twin.js';
import { House, anAsk, goodCredential } from '../support/house.js';
import { payloadOf } from '../support/invariants.js';

/** What a policy looks like whose memory was damaged. */
function damaged(policy: Held['policy']): Held['policy'] {
  return {
    ...policy,
    layers: policy.layers.map((layer) => ({ ...layer, linked: { ...layer.linked, reader: {} as never } })),
  };
}

const closed = 'apiVersion: policy/v1\nname: closed\nrules: []\n';

/** The same tenant under another policy; keys and endpoints stay. */
function under(held: Held, source: string, version: number): Held {
  const image = compile(source, version);
  if (!image.ok) throw new Error(JSON.stringify(image.error));
  return { ...held, policy: link(image.value, held.snapshot.endpoints, held.policy.linkedAtMs) };
}

/** Serves what `current` answers at the moment of each request. */
function serving(house: House, current: () => Held): House {
  Object.assign(house.ports, { snapshots: { current: async () => ({ ok: true, value: current() }) } });
  return house;
}

async function askMany(house: House, count: number): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (let at = 0; at < count; at += 1)
    void new CallerTwin(house)
      .ask(anAsk(house, 'Hello'), { ...goodCredential, token: 'good' })
      .then((one) => seen.push(one));
  await house.clock.run(() => seen.length === count);
  return seen;
}

const decisionsOf = (house: House) =>
  (house.store.leaves.get(tenantA) ?? [])
    .filter(({ kind }) => kind === 'decision')
    .map(payloadOf) as unknown as readonly {
    readonly effect: string;
    readonly policy: { readonly hash: string; readonly version: number };
    readonly facts?: string;
    readonly shadow?: { readonly version: number; readonly effect: string; readonly changes: readonly string[] };
  }[];

describe('C8: a policy published amid a thousand requests, two hundred in flight at a time', () => {
  it('decides each request by one immutable version, whose hash its record holds', async () => {
    const house = new House();
    const after = under(house.held, closed, 2);
    let asked = 0;
    serving(house, () => (++asked > 500 ? after : house.held));
    const seen: Seen[] = [];
    for (let wave = 0; wave < 5; wave += 1) seen.push(...(await askMany(house, 200)));
    const decisions = decisionsOf(house);
    expect(decisions.length).toBe(1_000);
    const permits = new Map([
      [house.held.policy.image.hash, 'permit'],
      [after.policy.image.hash, 'deny'],
    ]);
    expect(decisions.filter(({ effect, policy }) => permits.get(policy.hash) !== effect)).toEqual([]);
    expect(decisions.filter(({ policy }) => policy.version === 2).length).toBe(500);
    expect(seen.filter(({ refusal }) => refusal?.code === 'policy-denied').length).toBe(500);
  });
});

describe('a version on trial', () => {
  it('is recorded beside the decision it would have changed, and changes nothing', async () => {
    const house = new House();
    serving(house, () => ({ ...house.held, shadow: under(house.held, closed, 2).policy }));
    const [seen] = await askMany(house, 1);
    expect(seen?.complete).toBe(true);
    expect(decisionsOf(house)).toMatchObject([
      { effect: 'permit', policy: { version: 1 }, shadow: { version: 2, effect: 'deny', changes: ['newly-denied'] } },
    ]);
  });

  it('that would permit more lets nothing through', async () => {
    const house = new House();
    const live = under(house.held, closed, 2);
    serving(house, () => ({ ...live, shadow: house.held.policy }));
    const [seen] = await askMany(house, 1);
    expect(seen?.refusal?.code).toBe('policy-denied');
    expect(house.providers.arrivals).toEqual([]);
    expect(decisionsOf(house)).toMatchObject([
      { effect: 'deny', shadow: { effect: 'permit', changes: ['newly-permitted'] } },
    ]);
  });

  it('that cannot be evaluated shows as a deny of its own, and the request goes its way', async () => {
    const house = new House();
    const trial = damaged(under(house.held, closed, 2).policy);
    serving(house, () => ({ ...house.held, shadow: trial }));
    const [seen] = await askMany(house, 1);
    expect(seen?.complete).toBe(true);
    expect(decisionsOf(house)).toMatchObject([{ effect: 'permit', shadow: { effect: 'deny' } }]);
  });
});

describe('C7: a policy that cannot be evaluated', () => {
  it('denies with policy-invalid, and nothing is sent', async () => {
    const house = new House({ snapshot: aSnapshot() });
    serving(house, () => ({ ...house.held, policy: damaged(house.held.policy) }));
    const [seen] = await askMany(house, 1);
    expect(seen?.refusal?.code).toBe('policy-denied');
    expect(decisionsOf(house)).toMatchObject([{ effect: 'deny', code: 'policy-invalid' }]);
    expect(house.providers.arrivals).toEqual([]);
  });
});
