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
  passage = await openPassage(endpoint, [new URL(simulator.urls.models).host]);
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

type Body = Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'model'>;
const find = { type: 'function' as const, name: 'find', parameters: { type: 'object' }, strict: null };
const cases: Readonly<Record<string, Body>> = {
  text: { input: 'Hello', instructions: 'Be brief.' },
  tools: { input: 'use the tools', tools: [find, { ...find, name: 'other' }] },
  'tool results': {
    input: [
      { role: 'user', content: [{ type: 'input_text', text: 'use the tools' }] },
      { type: 'function_call', call_id: 'c1', name: 'find', arguments: '{"q":1}' },
      { type: 'function_call_output', call_id: 'c1', output: 'found it' },
    ],
    tools: [find],
  },
  'a length limit': { input: 'word '.repeat(40), max_output_tokens: 16 },
};

async function hear(client: OpenAI, body: Body): Promise<unknown[]> {
  const stream = await client.responses.create({ ...body, model: 'gpt-5', stream: true });
  const heard: unknown[] = [];
  for await (const event of stream) heard.push(event);
  return heard;
}

describe('the Responses door', () => {
  it.each(Object.keys(cases))('%s: the SDK hears the same, buffered and streamed', async (name) => {
    const body = cases[name] as Body;
    const whole = await through.responses.create({ ...body, model: 'gpt-5' });
    expect(whole).toEqual(await straight.responses.create({ ...body, model: 'gpt-5' }));
    expect(await hear(through, body)).toEqual(await hear(straight, body));
  });

  it.each<[string, NonNullable<Script['answer']>]>([
    ['reasoning', { reasoning: ['I ', 'think'], tokens: { reasoning: 3, cacheRead: 2 } }],
    ['a refusal', { refusal: 'No, I cannot.' }],
  ])('%s', async (_, answer) => {
    simulator.script({ answer });
    const body = cases['text'] as Body;
    expect(await hear(through, body)).toEqual(await hear(straight, body));
  });

  it('R2 counts the streamed and the buffered twin alike', async () => {
    await through.responses.create({ ...(cases['text'] as Body), model: 'gpt-5' });
    const buffered = usage();
    await hear(through, cases['text'] as Body);
    expect(usage()).toEqual(buffered);
  });

  it.each(['previous_response_id', 'conversation', 'prompt'])(
    'refuses %s: what is stored cannot be classified',
    async (name) => {
      const body = { input: 'x', model: 'gpt-5', [name]: 'x' };
      await expect(through.responses.create(body)).rejects.toMatchObject({ status: 400, param: `/${name}` });
    },
  );

  it('rewrites a text in every event that repeats it', async () => {
    const secret = '123-45-6789';
    simulator.script({ answer: { chunks: [`It is ${secret}.`] } });
    passage.rewrite = (event) => ({
      ...event,
      parts: event.parts.map((part) => ('text' in part ? { ...part, text: part.text.replace(secret, '[SSN]') } : part)),
    });
    const heard = JSON.stringify(await hear(through, cases['text'] as Body));
    expect(heard).not.toContain(secret);
    expect(heard.split('It is [SSN].')).toHaveLength(6);
  });
});

describe('the older doors', () => {
  it('completions: the SDK hears the same, buffered and streamed', async () => {
    const body = { model: 'gpt-5', prompt: ['one', 'two'], max_tokens: 50 };
    expect(await through.completions.create(body)).toEqual(await straight.completions.create(body));
    const list = async (client: OpenAI): Promise<unknown[]> => {
      const heard: unknown[] = [];
      for await (const chunk of await client.completions.create({ ...body, stream: true })) heard.push(chunk);
      return heard;
    };
    expect(await list(through)).toEqual(await list(straight));
  });

  it('embeddings: the SDK hears the same, and the text is a leaf', async () => {
    const body = { model: 'gpt-5', input: ['nurse', 'ward'] };
    expect(await through.embeddings.create(body)).toEqual(await straight.embeddings.create(body));
    expect(passage.last.ask?.leaves.filter((leaf) => leaf.role === 'user').map((leaf) => leaf.text)).toEqual(
      body.input,
    );
    expect(usage()).toMatchObject({ outputTokens: 0, estimated: false });
  });

  it('refuse token numbers, which nobody can classify', async () => {
    await expect(through.embeddings.create({ model: 'gpt-5', input: [1, 2, 3] })).rejects.toMatchObject({
      status: 400,
      param: '/input/0',
    });
  });
});

function usage(): unknown {
  const parts = passage.last.events.flatMap((event) => event.parts);
  return parts.findLast((part) => part.kind === 'usage')?.usage;
}
