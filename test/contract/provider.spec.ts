import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AnswerEvent } from '@writ/domain';
import { isCleared } from '@writ/classification';
import type { ProviderPort } from '@writ/enforcement';
import { isReceipt } from '@writ/ledger';
import { guardedDispatcher } from '@writ/platform';
import { createProviders } from '@writ/providers';
import { isAuthorizedBy } from '@writ/routing';
import { startSimulator, type Simulator } from '@writ/simulator';
import { aBaaEndpoint, aSnapshot, anEndpoint } from '../support/builders.js';
import { CallerTwin } from '../support/caller-twin.js';
import { House, anAsk } from '../support/house.js';
import type { Script } from '../support/provider-twin.js';

type Call = Parameters<ProviderPort['call']>;
type Behaviour = 'answers' | 'refuses' | 'breaks';

interface Subject {
  /** The port behaves so for the next calls. */
  readonly port: (behaviour: Behaviour) => ProviderPort;
}

const fault = { class: 'unavailable', detail: 'scripted', status: 503 } as const;
const scripts: Readonly<Record<Behaviour, Script>> = {
  answers: { pieces: ['Hello', ' there'] },
  refuses: { pieces: [], fault },
  breaks: { pieces: ['Hello', ' there', '!'], breaksAfter: 1 },
};

let simulator: Simulator;
const dispatchers: { close(): Promise<void> }[] = [];
const subjects: Record<string, Subject> = {
  'the twin': { port: (behaviour) => new House({ script: () => scripts[behaviour] }).providers },
};

beforeAll(async () => {
  simulator = await startSimulator();
  const dispatcher = guardedDispatcher({ allowHosts: [new URL(simulator.urls.models).host], connectMs: 1_000 });
  dispatchers.push(dispatcher);
  const port = createProviders({
    proofs: { isReceipt, isAuthorizedBy, isCleared },
    dispatcherFor: () => dispatcher,
    openKey: (_log, key) => Promise.resolve(key.sealed),
  });
  subjects['the adapter'] = {
    port(behaviour) {
      simulator.clearScripts();
      if (behaviour === 'refuses') simulator.script({ fault: { kind: 'status', status: 503 } });
      if (behaviour === 'breaks') simulator.script({ fault: { kind: 'cut', phase: 'middle' } });
      return port;
    },
  };
});

afterAll(async () => {
  await simulator.stop();
  for (const dispatcher of dispatchers) await dispatcher.close();
});

/** The arguments of a call as enforcement made them, with genuine proofs, for endpoints at the simulator. */
async function genuineCall(stream: boolean): Promise<Call> {
  const baseUrl = `${simulator.urls.models}/v1`;
  const keys = [{ id: 'key-1', sealed: 'sk-simulated-0123456789' }];
  const plain = { ...anEndpoint('openai-us'), baseUrl, keys, models: ['gpt-test'] };
  const snapshot = aSnapshot();
  const house = new House({ snapshot: { ...snapshot, endpoints: [plain, { ...aBaaEndpoint('azure-baa'), baseUrl }] } });
  const { promise, resolve } = Promise.withResolvers<Call>();
  const { providers } = house.ports;
  Object.assign(house.ports, {
    providers: {
      call: (...call: Call) => {
        resolve(call);
        return providers.call(...call);
      },
    },
  });
  const ask = anAsk(house, 'Hello', { stream });
  const source = JSON.stringify({
    model: 'fast',
    messages: [{ role: 'user', content: 'Hello' }],
    ...(stream ? { stream } : {}),
  });
  let done = false;
  void new CallerTwin(house).ask({ ...ask, source, body: {} }).then(() => (done = true));
  await house.clock.run(() => done);
  const [permit, endpoint, prompt, how] = await promise;
  return [permit, endpoint, prompt, { ...how, signal: new AbortController().signal }];
}

async function eventsOf(events: AsyncIterable<AnswerEvent>): Promise<readonly AnswerEvent[]> {
  const all: AnswerEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe.each(['the twin', 'the adapter'])('a provider port: %s', (name) => {
  const subject = (): Subject => {
    const found = subjects[name];
    if (!found) throw new Error(`no subject ${name}`);
    return found;
  };

  it.each([true, false])('answers with content, one finish, usage and an end (streamed: %s)', async (stream) => {
    const answered = await subject()
      .port('answers')
      .call(...(await genuineCall(stream)));
    if (!answered.ok) throw new Error(JSON.stringify(answered.error));
    const events = await eventsOf(answered.value.events);
    const kinds = events.flatMap(({ parts }) => parts.map(({ kind }) => kind));
    expect(kinds).toEqual(expect.arrayContaining(['start', 'text', 'finish', 'usage']));
    expect(kinds.filter((kind) => kind === 'finish')).toHaveLength(1);
    expect(events.filter(({ terminal }) => terminal)).toHaveLength(1);
    expect(events.at(-1)?.terminal).toBe(true);
  });

  it('gives a refusal of the provider as a value with its class', async () => {
    const answered = await subject()
      .port('refuses')
      .call(...(await genuineCall(true)));
    expect(answered).toMatchObject({ ok: false, error: { class: 'unavailable', status: 503 } });
  });

  it('F34: ends a stream that breaks with a failure that carries the fault, and no terminal event', async () => {
    const answered = await subject()
      .port('breaks')
      .call(...(await genuineCall(true)));
    if (!answered.ok) throw new Error(JSON.stringify(answered.error));
    await expect(eventsOf(answered.value.events)).rejects.toMatchObject({ fault: { class: 'broken-stream' } });
  });

  it('S8: throws on an endpoint that the permit does not authorize, and nothing is sent', async () => {
    const [permit, endpoint, prompt, how] = await genuineCall(true);
    const before = simulator.requests().length;
    const forged = Object.freeze({ ...endpoint });
    const attempt = async (): Promise<unknown> => await subject().port('answers').call(permit, forged, prompt, how);
    await expect(attempt()).rejects.toThrow();
    expect(simulator.requests().length).toBe(before);
  });
});
