import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Provider } from '@writ/domain';
import { type Script, startSimulator, type Simulator } from '@writ/simulator';
import { aSnapshot, tenantA } from '../../support/index.js';
import type { CallerTwin } from '../../support/caller-twin.js';
import { brokenChains, closings, payloadOf, uncoveredWrites } from '../../support/invariants.js';
import { endpointOf, names } from './crossing.js';
import { leadingTo, openWay, type RealWay } from './through-house.js';

/**
 * A stream cut, stalled or garbled at every event boundary, for every vendor, by every door that it has an own dialect of:
 * generated from the number of events that the vendor really sends.
 */
let simulator: Simulator;
const ways = new Map<Provider, RealWay>();
const deadlines = { headersMs: 2_000, firstMs: 40, idleMs: 40, totalMs: 5_000 };

beforeAll(async () => {
  simulator = await startSimulator();
  for (const provider of names)
    ways.set(
      provider,
      openWay(
        leadingTo(aSnapshot(), 'fast', endpointOf(provider, simulator)),
        [new URL(simulator.urls.models).host],
        deadlines,
      ),
    );
});
afterAll(async () => {
  await Promise.all([...ways.values()].map((way) => way.close()));
  await simulator.stop();
});

const said = ['One ', 'two ', 'three.'];
const answer = { chunks: said, toolCalls: [{ name: 'find', arguments: '{"query":"q"}' }] };
const user = { role: 'user', content: 'Hello' };
const schema = { type: 'object', properties: { query: { type: 'string' } } };

interface Door {
  readonly route: string;
  readonly body: object;
  /** What only a complete answer of this dialect ends with. */
  readonly end: RegExp;
}
const chat: Door = {
  route: '/v1/chat/completions',
  body: {
    model: 'fast',
    stream: true,
    messages: [user],
    tools: [{ type: 'function', function: { name: 'find', parameters: schema } }],
  },
  end: /data: \[DONE\]/,
};
const messages: Door = {
  route: '/v1/messages',
  body: {
    model: 'fast',
    stream: true,
    max_tokens: 50,
    messages: [user],
    tools: [{ name: 'find', input_schema: schema }],
  },
  end: /message_stop/,
};
const responses: Door = {
  route: '/v1/responses',
  body: {
    model: 'fast',
    stream: true,
    input: 'Hello',
    tools: [{ type: 'function', name: 'find', parameters: schema, strict: false }],
  },
  end: /response\.completed/,
};
const generate: Door = {
  route: '/v1beta/models/fast:streamGenerateContent',
  body: {
    contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
    tools: [{ functionDeclarations: [{ name: 'find', parametersJsonSchema: schema }] }],
  },
  end: /"finishReason"/,
};
const own: Readonly<Partial<Record<Provider, readonly Door[]>>> = {
  openai: [responses],
  anthropic: [messages],
  'google.gemini': [generate],
};
const doors = (provider: Provider): readonly Door[] => [chat, ...(own[provider] ?? [])];

type Fault = NonNullable<Script['fault']>;
const faults: Readonly<Record<string, (at: number) => Fault>> = {
  'cut off': (at) => ({ kind: 'cut', phase: 'terminal', at }),
  'ended early': (at) => ({ kind: 'cut', phase: 'terminal', at, how: 'end' }),
  stalled: (at) => ({ kind: 'hang', phase: 'terminal', at }),
  garbled: (at) => ({ kind: 'inject', phase: 'terminal', at, text: 'data: {"x":\n\n' }),
  'garbled in bytes': (at) => ({ kind: 'inject', phase: 'terminal', at, base64: '/////wAAAA==' }),
  'cut inside an event': (at) => ({ kind: 'truncate', phase: 'terminal', at }),
};

/** What must hold whatever the provider did. Empty when it does. */
function wrongs(way: RealWay, caller: CallerTwin, door: Door, before: { leaves: number; settled: number }): string[] {
  const { house } = way;
  const { seen } = caller;
  const leaves = house.store.leaves.get(tenantA) ?? [];
  const mine = leaves.slice(before.leaves).map((leaf) => ({ kind: leaf.kind, payload: payloadOf(leaf) }));
  const outcomes = mine.filter(({ kind }) => kind === 'outcome');
  const asked = simulator.requests().filter(({ vendor }) => vendor !== 'google-tokens').length;
  const released = seen.writes.length > 0;
  const found: string[] = [];
  const must = (holds: boolean, what: string): void => void (holds || found.push(what));
  must(uncoveredWrites(seen).length === 0, 'I1: bytes left that no committed window covers');
  must(outcomes.length === 1, `${outcomes.length} outcomes`);
  must(house.settled.length - before.settled === 1, `${house.settled.length - before.settled} bills`);
  must(seen.complete === door.end.test(caller.text), 'the terminal event does not tell whether it is complete');
  must(seen.complete === (outcomes[0]?.payload['result'] === 'completed'), 'the outcome says otherwise');
  must(seen.complete || asked === 1 || !released, 'asked again after a byte was released');
  must(asked <= 2, `asked ${asked} times`);
  must(asked === 1 || mine.some(({ kind }) => kind === 'dispatch'), 'a second attempt without its record');
  must(released || seen.refusal !== undefined, 'neither answered nor refused');
  if (house.bugs.length > 0) found.push(`a bug: ${String(house.bugs[0])}`);
  return found;
}

async function run(way: RealWay, door: Door, fault?: Fault): Promise<{ caller: CallerTwin; found: string[] }> {
  simulator.clearScripts();
  simulator.forget();
  simulator.script({ answer });
  if (fault) simulator.script({ fault, times: 1 });
  const before = { leaves: (way.house.store.leaves.get(tenantA) ?? []).length, settled: way.house.settled.length };
  const caller = await way.send(door.route, door.body);
  return { caller, found: wrongs(way, caller, door, before) };
}

const cases = names.flatMap((provider) => doors(provider).map((door) => [provider, door.route, door] as const));

describe.each(cases)('H12, H13, F33, F34: %s, asked by %s', (provider, _, door) => {
  it('broken at every event boundary: no uncovered byte, one outcome, one bill, no second attempt after a byte', async () => {
    const way = ways.get(provider)!;
    const clean = await run(way, door);
    expect(clean.found).toEqual([]);
    expect(clean.caller.seen.complete).toBe(true);
    const pieces = simulator.requests().at(-1)?.pieces ?? 0;
    expect(pieces).toBeGreaterThan(2);
    const found: string[] = [];
    const ends = { complete: 0, cut: 0, refused: 0 };
    for (const [name, fault] of Object.entries(faults))
      for (let at = 0; at < pieces; at += 1) {
        const broken = await run(way, door, fault(at));
        const { seen } = broken.caller;
        ends[seen.complete ? 'complete' : seen.writes.length > 0 ? 'cut' : 'refused'] += 1;
        found.push(...broken.found.map((wrong) => `${name} before event ${at} of ${pieces}: ${wrong}`));
      }
    expect(found.slice(0, 5)).toEqual([]);
    // Before a byte another attempt answers; after one the stream is cut. Both must have been seen, or this judged nothing.
    expect(ends.complete).toBeGreaterThan(0);
    expect(ends.cut).toBeGreaterThan(0);
    const leaves = way.house.store.leaves.get(tenantA) ?? [];
    expect(brokenChains(leaves, way.house.publicKey)).toEqual([]);
    expect([...closings(leaves, way.house.clock.nowMs()).values()].filter((count) => count !== 1)).toEqual([]);
  });
});
