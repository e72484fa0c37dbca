import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import { type Script, startSimulator, type Simulator } from '@writ/simulator';
import { anEndpoint } from '../../support/index.js';
import { openPassage, type Passage } from './passage.js';

let simulator: Simulator;
let passage: Passage;
let straight: OpenAI;
let through: OpenAI;

beforeAll(async () => {
  simulator = await startSimulator();
  const endpoint = anEndpoint('sim', {
    baseUrl: simulator.urls.openai,
    models: ['gpt-5'],
    keys: [{ id: 'k', sealed: 'sk-sim' }],
  });
  const deadlines = { headersMs: 300, firstMs: 300, idleMs: 300, totalMs: 5_000 };
  passage = await openPassage(endpoint, [new URL(simulator.urls.models).host], deadlines);
  straight = new OpenAI({ apiKey: 'sk-sim', baseURL: simulator.urls.openai, maxRetries: 0 });
  through = new OpenAI({ apiKey: 'ours', baseURL: `${passage.url}/v1`, maxRetries: 0 });
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

type Body = OpenAI.ChatCompletionCreateParamsNonStreaming;
const user = { role: 'user' as const, content: 'Hello, use the tools' };
const find = { type: 'function' as const, function: { name: 'find', parameters: { type: 'object' } } };
const cases: Readonly<Record<string, Omit<Body, 'model'>>> = {
  text: { messages: [{ role: 'user', content: 'Hello' }] },
  'two choices': { messages: [user], n: 2 },
  tools: { messages: [user], tools: [find] },
  'parallel tools': { messages: [user], tools: [find, { ...find, function: { name: 'other' } }] },
  logprobs: { messages: [{ role: 'user', content: 'Hi' }], logprobs: true },
  'a JSON schema': {
    messages: [{ role: 'user', content: 'Hi' }],
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } },
  },
  'an image': {
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }],
  },
  'a length limit': { messages: [{ role: 'user', content: 'one two three four five' }], max_completion_tokens: 3 },
};

async function listen(client: OpenAI, body: Omit<Body, 'model'>, usage: boolean): Promise<unknown[]> {
  const heard = await client.chat.completions.create({
    ...body,
    model: 'gpt-5',
    stream: true,
    ...(usage ? { stream_options: { include_usage: true } } : {}),
  });
  const chunks: unknown[] = [];
  for await (const chunk of heard) chunks.push(chunk);
  return chunks;
}

describe('what the published SDK hears through us equals what it hears straight', () => {
  it.each(Object.keys(cases))('%s, buffered', async (name) => {
    const body = { ...cases[name], model: 'gpt-5' } as Body;
    expect(await through.chat.completions.create(body)).toEqual(await straight.chat.completions.create(body));
  });

  it.each(Object.keys(cases))('%s, streamed, with usage and without', async (name) => {
    const body = cases[name] as Omit<Body, 'model'>;
    expect(await listen(through, body, true)).toEqual(await listen(straight, body, true));
    expect(await listen(through, body, false)).toEqual(await listen(straight, body, false));
  });

  it.each<[string, NonNullable<Script['answer']>]>([
    ['reasoning', { reasoning: ['I ', 'think'], tokens: { reasoning: 40, cacheRead: 7 } }],
    ['a refusal', { refusal: 'I cannot help with that.' }],
    ['a filtered answer', { finish: 'filtered' }],
    ['usage beside choices', { usageWithChoices: true }],
    ['line separators in the text', { chunks: ['a\u2028b', 'c\nd\r\ne', '\u0000"\\'] }],
  ])('%s', async (_, answer) => {
    simulator.script({ answer });
    const body = cases['text'] as Omit<Body, 'model'>;
    const whole = { ...body, model: 'gpt-5' } as Body;
    expect(await through.chat.completions.create(whole)).toEqual(await straight.chat.completions.create(whole));
    expect(await listen(through, body, true)).toEqual(await listen(straight, body, true));
    expect(await listen(through, body, false)).toEqual(await listen(straight, body, false));
  });
});

describe('what reaches the provider', () => {
  it('is the caller’s own JSON, byte for byte, but for the model and the usage that we need', async () => {
    const text =
      '{ "model":"gpt-5" ,"stream":true, "messages":[{"role":"user","content":"h\\u0069 1.50e1"}],"seed":1e1 }';
    await fetch(`${passage.url}/v1/chat/completions`, { method: 'POST', body: text });
    const sent = text.replace(' }', ',"stream_options":{"include_usage":true}}').replace('1e1,', '1e1 ,');
    expect(simulator.requests()[0]?.text).toBe(sent);
  });

  it('names the decision, asks for no coding, and carries nothing of the caller’s headers', async () => {
    await through.chat.completions.create({ ...cases['text'], model: 'gpt-5' } as Body, {
      headers: { 'x-forward-me': 'please', authorization: 'Bearer caller' },
    });
    const { headers } = simulator.requests()[0] ?? { headers: {} };
    expect(headers).toMatchObject({
      'x-writ-decision': '0190a0a0-0000-7000-8000-000000000002',
      'accept-encoding': 'identity',
      authorization: 'Bearer sk-sim',
    });
    expect(Object.keys(headers).toSorted()).toEqual(
      [
        'accept',
        'accept-encoding',
        'authorization',
        'connection',
        'content-length',
        'content-type',
        'host',
        'user-agent',
        'x-writ-decision',
      ].toSorted(),
    );
  });
});

describe('R2 usage', () => {
  it.each([{}, { usageWithChoices: true }, { tokens: { cacheRead: 50, reasoning: 9 } }])(
    'is the same for the buffered and the streamed twin: %j',
    async (answer) => {
      simulator.script({ answer });
      await through.chat.completions.create({ ...cases['text'], model: 'gpt-5' } as Body);
      const buffered = usageOf(passage);
      await listen(through, cases['text'] as Omit<Body, 'model'>, false);
      expect(usageOf(passage)).toEqual(buffered);
      expect(buffered).toHaveLength(1);
    },
  );
});

function usageOf(from: Passage): unknown[] {
  return from.last.events.flatMap((event) => event.parts).filter((part) => part.kind === 'usage');
}

function hide(text: string): string {
  return text.replaceAll(/\d{3}-\d{2}-\d{4}/g, '[SSN]');
}

describe('what the inspection rewrites', () => {
  it('is spliced into the vendor’s JSON, and the token probabilities that repeat it are gone', async () => {
    simulator.script({ answer: { chunks: ['It is 123-45-6789.'] } });
    passage.rewrite = (event) => ({
      ...event,
      parts: event.parts.map((part) => (part.kind === 'text' ? { ...part, text: hide(part.text) } : part)),
    });
    const body = { ...cases['logprobs'], model: 'gpt-5' } as Body;
    const whole = await through.chat.completions.create(body);
    expect(whole.choices[0]?.message.content).toBe('It is [SSN].');
    expect(JSON.stringify(whole)).not.toContain('6789');
    expect(JSON.stringify(await listen(through, cases['logprobs'] as Omit<Body, 'model'>, true))).not.toContain('6789');
  });

  it('never lets through what the inspection left out', async () => {
    simulator.script({ answer: { chunks: ['It is 123-45-6789.'] } });
    passage.rewrite = (event) => ({ ...event, parts: event.parts.filter((part) => part.kind !== 'text') });
    expect(JSON.stringify(await listen(through, cases['text'] as Omit<Body, 'model'>, true))).not.toContain('6789');
  });
});
