import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Script, startSimulator, type Simulator } from '@writ/simulator';
import { anEndpoint } from '../../support/index.js';
import { openPassage, type Passage } from './passage.js';

let simulator: Simulator;
let passage: Passage;
let straight: Anthropic;
let through: Anthropic;
const model = 'claude-sonnet-5-5';

beforeAll(async () => {
  simulator = await startSimulator();
  const endpoint = anEndpoint('claude', {
    provider: 'anthropic',
    baseUrl: simulator.urls.models,
    models: [model],
    keys: [{ id: 'k', sealed: 'sk-ant-sim' }],
  });
  passage = await openPassage(endpoint, [new URL(simulator.urls.models).host]);
  straight = new Anthropic({ apiKey: 'sk-ant-sim', baseURL: simulator.urls.models, maxRetries: 0 });
  through = new Anthropic({ apiKey: 'ours', baseURL: passage.url, maxRetries: 0 });
});
beforeEach(() => {
  simulator.forget();
  simulator.clearScripts();
  passage.rewrite = (event) => event;
});
afterAll(async () => {
  await passage.stop();
  await simulator.stop();
});

type Body = Omit<Anthropic.MessageCreateParamsNonStreaming, 'model'>;
const find = { name: 'find', input_schema: { type: 'object' as const } };
const plain: Body = { max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] };
const cases: Readonly<Record<string, Body>> = {
  text: plain,
  'a system text': { ...plain, system: 'Be brief.' },
  'parallel tools': {
    ...plain,
    messages: [{ role: 'user', content: 'use the tools' }],
    tools: [find, { ...find, name: 'other' }],
  },
  'tool results': {
    ...plain,
    messages: [
      { role: 'user', content: 'use the tools' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'find', input: { q: 1.5 } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'found it' }] },
    ],
    tools: [find],
  },
  'an image': {
    ...plain,
    messages: [
      {
        role: 'user',
        content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }],
      },
    ],
  },
  'a length limit': { max_tokens: 3, messages: [{ role: 'user', content: 'one two three four' }] },
};

async function hear(client: Anthropic, body: Body): Promise<unknown[]> {
  const stream = await client.messages.create({ ...body, model, stream: true });
  const events: unknown[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

describe('what the published SDK hears through us equals what it hears straight', () => {
  it.each(Object.keys(cases))('%s, buffered and streamed', async (name) => {
    const body = cases[name] as Body;
    const whole = await through.messages.create({ ...body, model });
    expect(whole).toEqual(await straight.messages.create({ ...body, model }));
    expect(await hear(through, body)).toEqual(await hear(straight, body));
    const final = await through.messages.stream({ ...body, model }).finalMessage();
    expect(final).toMatchObject({ content: whole.content, stop_reason: whole.stop_reason });
  });

  it.each<[string, NonNullable<Script['answer']>]>([
    ['thinking with its signature', { reasoning: ['I ', 'think'], tokens: { cacheRead: 70, cacheWrite: 9 } }],
    ['a refusal', { refusal: 'I cannot help with that.' }],
  ])('%s', async (_, answer) => {
    simulator.script({ answer });
    expect(await through.messages.create({ ...plain, model })).toEqual(
      await straight.messages.create({ ...plain, model }),
    );
    expect(await hear(through, plain)).toEqual(await hear(straight, plain));
  });

  it('the count of tokens', async () => {
    const body = { messages: plain.messages, model };
    expect(await through.messages.countTokens(body)).toEqual(await straight.messages.countTokens(body));
  });
});

describe('R2 usage', () => {
  it('is the same for the buffered and the streamed twin, cached tokens among the input', async () => {
    simulator.script({
      answer: { reasoning: ['hm'], tokens: { input: 10, cacheRead: 70, cacheWrite: 9, reasoning: 4 } },
    });
    await through.messages.create({ ...plain, model });
    const buffered = lastUsage();
    await hear(through, plain);
    expect(lastUsage()).toEqual(buffered);
    expect(buffered).toMatchObject({ inputTokens: 89, cacheReadTokens: 70, cacheWriteTokens: 9, reasoningTokens: 4 });
  });
});

function lastUsage(): unknown {
  const parts = passage.last.events.flatMap((event) => event.parts);
  return parts.findLast((part) => part.kind === 'usage')?.usage;
}

describe('what the inspection rewrites', () => {
  it('is spliced into text and into the input of a tool, which stays an object', async () => {
    const secret = '123-45-6789';
    simulator.script({
      answer: { chunks: [`It is ${secret}.`], toolCalls: [{ name: 'find', arguments: `{"ssn":"${secret}"}` }] },
    });
    passage.rewrite = (event) => ({
      ...event,
      parts: event.parts.map((part) => {
        if (part.kind === 'text') return { ...part, text: part.text.replace(secret, '[SSN]') };
        if (part.kind === 'tool-call') return { ...part, arguments: part.arguments.replace(secret, '[SSN]') };
        return part;
      }),
    });
    const { content } = await through.messages.create({ ...plain, tools: [find], model });
    expect(content).toMatchObject([{ text: 'It is [SSN].' }, { input: { ssn: '[SSN]' } }]);
  });

  it('leaves before its block closes when it was held back', async () => {
    simulator.script({ answer: { chunks: ['held'] } });
    passage.rewrite = (event) => ({
      ...event,
      parts: event.parts.map((part) =>
        part.kind === 'text' ? { ...part, text: part.ends === true ? 'held' : '' } : part,
      ),
    });
    const heard = (await hear(through, plain)) as { type: string; delta?: { text?: string } }[];
    const said = heard.findIndex((event) => event.delta?.text === 'held');
    expect(said).toBeGreaterThan(0);
    expect(heard.findIndex((event) => event.type === 'content_block_stop')).toBeGreaterThan(said);
  });
});

describe('a refusal', () => {
  it('is an error of the class that the SDK knows, and says what to mend', async () => {
    const body = { ...plain, model, api_base: 'http://evil' };
    await expect(through.messages.create(body)).rejects.toMatchObject({
      status: 400,
      error: { type: 'error', error: { type: 'invalid_request_error', param: '/api_base', code: 'request-malformed' } },
    });
  });

  it('F34 of a stream that the provider breaks is an error event, and no terminal event follows', async () => {
    simulator.script({
      fault: {
        kind: 'inject',
        phase: 'terminal',
        text: 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n',
      },
    });
    await expect(hear(through, plain)).rejects.toThrow();
    expect(passage.last.fault).toMatchObject({
      class: 'unavailable',
      detail: expect.stringContaining('overloaded') as unknown,
    });
  });
});
