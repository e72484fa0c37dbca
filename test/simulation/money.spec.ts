import { describe, expect, it } from '@jest/globals';
import type { AnswerEvent, Usage } from '@writ/domain';
import { enforceOrRefuse, type Enforced, type Ports, type ProviderPort, type Reservation } from '@writ/enforcement';
import { House, anAsk, goodCredential } from '../support/house.js';
import { aSnapshot, anEndpointId, hospitalPolicy, must } from '../support/index.js';

interface Settled {
  readonly usage: Usage | undefined;
  readonly cost: string;
}

const outputLimits = ['openai-us', 'azure-baa'].map((name) => ({
  endpoint: anEndpointId(name),
  model: 'gpt-test',
  tokens: 16_384,
}));

/** A house whose reservation is for 16,384 tokens of answer, and which notes what was sent and settled. */
function aHouse(provider: Partial<ProviderPort> = {}, priced = true, source = hospitalPolicy) {
  const snapshot = aSnapshot({ policy: { source, version: 1, hash: '' } });
  const house = new House({ realTime: true, snapshot });
  const sent: (number | undefined)[] = [];
  const settled: Settled[] = [];
  const reservation: Reservation = {
    id: 'r1',
    worstCaseMicros: '99999',
    mode: 'shared',
    headers: {},
    budget: { class: 'standard', remainingCents: 10 },
    outputLimits,
    leases: [],
    priced,
  };
  const ports: Ports = {
    ...house.ports,
    limits: {
      reserve: () => Promise.resolve({ ok: true, value: reservation }),
      settle: (_tenant, _reservation, usage, cost) => Promise.resolve(void settled.push({ usage, cost })),
    },
    providers: {
      call: (...call) => {
        sent.push(call[3].maxOutputTokens);
        return (provider.call ?? house.ports.providers.call.bind(house.ports.providers))(...call);
      },
    },
  };
  return { house, ports, sent, settled };
}

async function run({ house, ports }: ReturnType<typeof aHouse>, more = {}, hangUp = new AbortController().signal) {
  const enforced: Enforced = await enforceOrRefuse(
    anAsk(house, 'How are you?', more),
    goodCredential,
    ports,
    hangUp,
    (bug) => {
      throw bug;
    },
  );
  if (enforced.kind === 'answered') for await (const step of enforced.rest) void step;
  return enforced;
}

function answering(usage: Partial<Usage> | undefined): Partial<ProviderPort> {
  const none = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
  const parts: AnswerEvent['parts'] = [
    { kind: 'start', id: 'a', model: 'gpt-test' },
    { kind: 'text', choice: 0, text: 'Fine, 😀' },
    { kind: 'finish', choice: 0, reason: 'stop' },
    ...(usage === undefined ? [] : [{ kind: 'usage' as const, usage: { ...none, estimated: false, ...usage } }]),
  ];
  // oxlint-disable-next-line require-await -- the port's events come one by one
  async function* events(): AsyncGenerator<AnswerEvent> {
    yield { parts, terminal: true };
  }
  return { call: () => Promise.resolve({ ok: true, value: { status: 200, events: events() } }) };
}

describe('money of one request', () => {
  it('what was reserved under a hard budget is the longest answer that is asked for, and a caller’s own limit is left alone', async () => {
    const silent = aHouse();
    await run(silent);
    expect(silent.sent).toEqual([16_384]);
    const soft = aHouse();
    const ports = { ...soft.ports };
    const reserved = must(await ports.limits.reserve({} as never, {} as never, {} as never, {} as never, 0));
    const open = { ...reserved, outputLimits: [] };
    await run({
      ...soft,
      ports: { ...ports, limits: { ...ports.limits, reserve: () => Promise.resolve({ ok: true, value: open }) } },
    });
    expect(soft.sent).toEqual([undefined]);
  });

  it.each([
    ['none', undefined],
    ['10^12 tokens', { outputTokens: 1e12 }],
    ['a negative number', { inputTokens: -5 }],
    ['half a token', { outputTokens: 0.5 }],
  ])('B5: usage of %s is an upper bound of ours, marked as estimated', async (_what, usage) => {
    const house = aHouse(answering(usage));
    await run(house);
    const bytes = Buffer.byteLength('Fine, 😀');
    expect(house.settled).toMatchObject([{ usage: { outputTokens: bytes, estimated: true } }]);
    expect(house.settled[0]!.usage!.inputTokens).toBeGreaterThanOrEqual(Buffer.byteLength('How are you?'));
    expect(Number(house.settled[0]!.cost)).toBeGreaterThan(0);
  });

  it('B5: what a provider reports plausibly is the truth', async () => {
    const house = aHouse(answering({ inputTokens: 7, outputTokens: 3 }));
    await run(house);
    expect(house.settled).toMatchObject([{ usage: { inputTokens: 7, outputTokens: 3, estimated: false }, cost: '13' }]);
  });

  it('a caller who hangs up while a whole answer is written is charged for what was reserved', async () => {
    const caller = new AbortController();
    const house = aHouse({
      call: () => {
        caller.abort();
        return Promise.resolve({ ok: false, error: { class: 'unavailable', detail: 'aborted' } });
      },
    });
    expect(await run(house, {}, caller.signal)).toMatchObject({ kind: 'refused' });
    expect(house.settled).toMatchObject([{ usage: { outputTokens: 16_384, estimated: true } }]);
    expect(Number(house.settled[0]!.cost)).toBeGreaterThan(32_000);
  });

  it('a provider that could not be reached costs nothing', async () => {
    const house = aHouse({
      call: () => Promise.resolve({ ok: false, error: { class: 'malformed', detail: 'refused' } }),
    });
    await run(house);
    expect(house.settled).toEqual([{ usage: undefined, cost: '0' }]);
  });
});

describe('B4: a model without a price that the tenant would rather pay for at its dearest', () => {
  const pricedOnly = `${hospitalPolicy}
  - id: priced-only
    effect: deny
    when: '!request.priced'
    reason: What nobody has priced nobody may ask.
`;

  it('is denied where the policy says so, before anything leaves, and the record names the rule', async () => {
    const room = aHouse({}, false, pricedOnly);
    expect(await run(room)).toMatchObject({ kind: 'refused', refusal: { code: 'policy-denied' } });
    expect(room.sent).toEqual([]);
    expect(await run(aHouse({}, true, pricedOnly))).toMatchObject({ kind: 'answered' });
  });

  it('is permitted where the policy does not ask', async () => {
    expect(await run(aHouse({}, false))).toMatchObject({ kind: 'answered' });
  });
});
