import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import OpenAiNode20 from 'openai-node20';
import { type Script, startSimulator, type Simulator } from '@writ/simulator';
import { aSnapshot } from '../../support/index.js';
import { endpointOf } from './crossing.js';
import { type OpenDoor, openDoorOf } from '../open-door.js';
import { leadingTo, openWay, type RealWay } from './through-house.js';

/**
 * The published SDKs through the whole gateway (doors, enforcement, ledger, provider adapters) and straight to the
 * simulated provider: they must parse the same objects. The alias is the model's own name, so nothing needs hiding.
 */
const permitAll = `apiVersion: policy/v1
name: open
timezone: UTC
classes: [PII]
rules:
  - id: everyone
    effect: permit
    accepts: unclassified
    when: "true"
    reason: Anyone may use every model.
`;
const model = 'the-model';
let simulator: Simulator;
let ways: readonly RealWay[] = [];
let doors: { readonly openai: OpenDoor; readonly anthropic: OpenDoor };

beforeAll(async () => {
  simulator = await startSimulator();
  const host = new URL(simulator.urls.models).host;
  const open = async (provider: 'openai' | 'anthropic'): Promise<OpenDoor> => {
    const snapshot = aSnapshot({ policy: { source: permitAll, version: 1, hash: '' }, prices: [] });
    const way = openWay(leadingTo(snapshot, model, endpointOf(provider, simulator)), [host], {});
    ways = [...ways, way];
    return await openDoorOf(way.house);
  };
  doors = { openai: await open('openai'), anthropic: await open('anthropic') };
});
beforeEach(() => {
  simulator.clearScripts();
  simulator.forget();
});
afterAll(async () => {
  await Promise.all([doors.openai.close(), doors.anthropic.close(), ...ways.map((way) => way.close())]);
  await simulator.stop();
});

const versions = [
  ['openai', OpenAI],
  ['openai for Node 20', OpenAiNode20 as unknown as typeof OpenAI],
] as const;
const client = (Sdk: typeof OpenAI, through: boolean): OpenAI =>
  new Sdk({
    apiKey: through ? 'good' : 'AKIASIM:secret',
    baseURL: through ? `http://127.0.0.1:${doors.openai.port}/v1` : simulator.urls.openai,
    maxRetries: 0,
  });

const user = { role: 'user' as const, content: 'Hello' };
const useTools = { role: 'user' as const, content: 'use the tools' };
const schema = { type: 'object', properties: { query: { type: 'string' } } };
const tool = (name: string) => ({ type: 'function' as const, function: { name, parameters: schema } });
const image = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } };

type Chat = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'model'>;
const chats: Readonly<Record<string, { body: Chat; answer?: Script['answer'] }>> = {
  text: { body: { messages: [user] } },
  'several turns': {
    body: { messages: [{ role: 'system', content: 'Be brief.' }, user, { role: 'assistant', content: 'Hi' }, user] },
  },
  'parallel tools': { body: { messages: [useTools], tools: [tool('find'), tool('other')] } },
  'tool results': {
    body: {
      messages: [
        useTools,
        {
          role: 'assistant',
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'find', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'found' },
      ],
      tools: [tool('find')],
    },
  },
  'an image': { body: { messages: [{ role: 'user', content: [{ type: 'text', text: 'Look' }, image] }] } },
  'a JSON schema': {
    body: { messages: [user], response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } },
  },
  'logprobs and two choices': { body: { messages: [user], logprobs: true, n: 2 } },
  'a length limit': { body: { messages: [user], max_completion_tokens: 2 } },
  reasoning: {
    body: { messages: [user], reasoning_effort: 'low' },
    answer: { reasoning: ['I ', 'think'], tokens: { reasoning: 40, cacheRead: 7 } },
  },
  'a refusal of the model': { body: { messages: [user] }, answer: { refusal: 'I cannot help with that.' } },
};

async function chunks(sdk: OpenAI, body: Chat): Promise<unknown[]> {
  const options = { include_usage: true };
  const heard: OpenAI.ChatCompletionChunk[] = [];
  const stream = await sdk.chat.completions.create({ ...body, model, stream: true, stream_options: options });
  for await (const chunk of stream) heard.push(chunk);
  return inTurn(heard);
}

const choiceOf = (chunk: OpenAI.ChatCompletionChunk): number => chunk.choices[0]?.index ?? Infinity;
/** Choice after choice: a finish waits for the outcome, so it may come after another choice's last words. */
function inTurn(heard: readonly OpenAI.ChatCompletionChunk[]): OpenAI.ChatCompletionChunk[] {
  return heard.toSorted((a, b) => Math.sign(choiceOf(a) - choiceOf(b)) || 0);
}

const timeless = (said: object): object => ({ ...said, created_at: 0, completed_at: 0 });

describe.each(versions)('%s, through the gateway and straight', (_, Sdk) => {
  it.each(Object.keys(chats))('parses the same chat: %s, buffered and streamed', async (name) => {
    const { body, answer } = chats[name]!;
    if (answer) simulator.script({ answer });
    const [through, straight] = [client(Sdk, true), client(Sdk, false)];
    const whole = { ...body, model };
    expect(await through.chat.completions.create(whole)).toEqual(await straight.chat.completions.create(whole));
    expect(await chunks(through, body)).toEqual(await chunks(straight, body));
  });

  it.each<[string, Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'model'>]>([
    ['text', { input: 'Hello', instructions: 'Be brief.' }],
    [
      'parallel tools',
      {
        input: 'use the tools',
        tools: ['find', 'other'].map((name) => ({ type: 'function', name, parameters: schema, strict: false })),
      },
    ],
    ['a JSON schema', { input: 'Hi', text: { format: { type: 'json_schema', name: 'x', schema } } }],
  ])('parses the same response: %s, buffered and streamed', async (_name, body) => {
    const [through, straight] = [client(Sdk, true), client(Sdk, false)];
    const [a, b] = [
      await through.responses.create({ ...body, model }),
      await straight.responses.create({ ...body, model }),
    ];
    expect(timeless(a)).toEqual(timeless(b));
    const events = async (sdk: OpenAI): Promise<unknown[]> => {
      const heard: unknown[] = [];
      for await (const event of await sdk.responses.create({ ...body, model, stream: true }))
        heard.push('response' in event ? { ...event, response: timeless(event.response) } : event);
      return heard;
    };
    expect(await events(through)).toEqual(await events(straight));
  });

  it('parses the same embeddings, and the same completion buffered and streamed', async () => {
    const [through, straight] = [client(Sdk, true), client(Sdk, false)];
    const input = { model, input: ['one', 'two'] };
    expect(await through.embeddings.create(input)).toEqual(await straight.embeddings.create(input));
    const prompt = { model, prompt: 'Hello' };
    expect(await through.completions.create(prompt)).toEqual(await straight.completions.create(prompt));
    const pieces = async (sdk: OpenAI): Promise<unknown[]> => {
      const heard: unknown[] = [];
      for await (const chunk of await sdk.completions.create({ ...prompt, stream: true })) heard.push(chunk);
      return heard;
    };
    expect(await pieces(through)).toEqual(await pieces(straight));
  });

  it('lists the aliases as models, and gets one by its name', async () => {
    const through = client(Sdk, true);
    const listed = (await through.models.list()).data;
    expect(listed).toMatchObject([{ id: model, object: 'model' }]);
    expect(await through.models.retrieve(model)).toEqual(listed[0]);
    await expect(through.models.retrieve('nobody')).rejects.toBeInstanceOf(Sdk.NotFoundError);
  });
});

type Message = Omit<Anthropic.MessageCreateParamsNonStreaming, 'model' | 'max_tokens'>;
const find = { name: 'find', input_schema: { type: 'object' as const } };
const messages: Readonly<Record<string, { body: Message; answer?: Script['answer'] }>> = {
  text: { body: { messages: [user], system: 'Be brief.' } },
  'parallel tools': { body: { messages: [useTools], tools: [find, { ...find, name: 'other' }] } },
  'tool results': {
    body: {
      messages: [
        useTools,
        { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'find', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'found' }] },
      ],
      tools: [find],
    },
  },
  'an image': {
    body: {
      messages: [
        {
          role: 'user',
          content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }],
        },
      ],
    },
  },
  thinking: {
    body: { messages: [user], thinking: { type: 'enabled', budget_tokens: 1_024 } },
    answer: { reasoning: ['I ', 'think'], tokens: { cacheRead: 16, cacheWrite: 2 } },
  },
};

const sdk = (through: boolean): Anthropic =>
  new Anthropic({
    apiKey: through ? 'good' : 'AKIASIM:secret',
    baseURL: through ? `http://127.0.0.1:${doors.anthropic.port}` : simulator.urls.models,
    maxRetries: 0,
  });

describe('@anthropic-ai/sdk, through the gateway and straight', () => {
  it.each(Object.keys(messages))('parses the same message: %s, buffered and streamed', async (name) => {
    const { body, answer } = messages[name]!;
    if (answer) simulator.script({ answer });
    const whole = { ...body, model, max_tokens: 2_000 };
    expect(await sdk(true).messages.create(whole)).toEqual(await sdk(false).messages.create(whole));
    const events = async (one: Anthropic): Promise<unknown[]> => {
      const heard: unknown[] = [];
      for await (const event of await one.messages.create({ ...whole, stream: true })) heard.push(event);
      return heard;
    };
    expect(await events(sdk(true))).toEqual(await events(sdk(false)));
  });

  it('counts the same tokens', async () => {
    const body = { model, messages: [user] };
    expect(await sdk(true).messages.countTokens(body)).toEqual(await sdk(false).messages.countTokens(body));
  });
});
