import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI from 'openai';
import type { Provider, Usage } from '@writ/domain';
import { startSimulator, type Simulator } from '@writ/simulator';
import { anEndpoint } from '../../support/index.js';
import { openPassage, type Passage } from './passage.js';

/** Every vendor that speaks a wire of its own, and how its endpoint is written. */
const vendors: readonly (readonly [
  Provider,
  (root: string) => { baseUrl: string; settings?: Record<string, string> },
])[] = [
  ['openai', (root) => ({ baseUrl: `${root}/v1` })],
  ['anthropic', (root) => ({ baseUrl: root })],
];

let simulator: Simulator;
const passages = new Map<Provider, Passage>();
beforeAll(async () => {
  simulator = await startSimulator();
  for (const [provider, where] of vendors) {
    const endpoint = anEndpoint('it', {
      provider,
      models: ['the-model'],
      keys: [{ id: 'k', sealed: 'AKIASIM:secret' }],
      ...where(simulator.urls.models),
    });
    passages.set(provider, await openPassage(endpoint, [new URL(simulator.urls.models).host]));
  }
});
beforeEach(() => {
  simulator.forget();
  simulator.clearScripts();
});
afterAll(async () => {
  await Promise.all([...passages.values()].map((passage) => passage.stop()));
  await simulator.stop();
});

const names = vendors.map(([provider]) => provider);
function through(provider: Provider): Passage {
  const passage = passages.get(provider);
  if (!passage) throw new Error(provider);
  return passage;
}
function openai(provider: Provider): OpenAI {
  return new OpenAI({ apiKey: 'ours', baseURL: `${through(provider).url}/v1`, maxRetries: 0 });
}
function anthropic(provider: Provider): Anthropic {
  return new Anthropic({ apiKey: 'ours', baseURL: through(provider).url, maxRetries: 0 });
}
function usage(provider: Provider): Usage | undefined {
  const parts = through(provider).last.events.flatMap((event) => event.parts);
  return parts.findLast((part) => part.kind === 'usage')?.usage;
}

const schema = { type: 'object' as const, properties: { query: { type: 'string' } } };
const chatTools = ['find', 'other'].map((name) => ({
  type: 'function' as const,
  function: { name, description: `the ${name} tool`, parameters: schema },
}));
const messageTools = ['find', 'other'].map((name) => ({ name, description: `the ${name} tool`, input_schema: schema }));

describe.each(names)('OpenAI’s dialect through %s', (provider) => {
  it('a text, buffered and streamed, bills alike', async () => {
    simulator.script({ answer: { tokens: { cacheRead: 5 } } });
    const body = { model: 'm', messages: [{ role: 'user' as const, content: 'Hello you' }] };
    const whole = await openai(provider).chat.completions.create(body);
    const counted = usage(provider);
    expect(whole.choices[0]?.message.content).toBe('I am the-model, simulated. You said: Hello you');
    expect(whole.choices[0]?.finish_reason).toBe('stop');
    expect(whole.usage?.prompt_tokens).toBe(counted?.inputTokens);
    const twin = await openai(provider)
      .chat.completions.stream({ ...body, stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect(twin.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(twin.usage).toEqual(whole.usage);
    expect(usage(provider)).toEqual(counted);
    expect(counted).toMatchObject({ cacheReadTokens: 5, estimated: false });
  });

  it('parallel tool calls and their results, buffered and streamed', async () => {
    const asked = { role: 'user' as const, content: 'Use the tools' };
    const body = { model: 'm', messages: [asked], tools: chatTools };
    const whole = (await openai(provider).chat.completions.create(body)).choices[0];
    expect(whole?.finish_reason).toBe('tool_calls');
    expect(whole?.message.tool_calls).toMatchObject([
      { type: 'function', function: { name: 'find', arguments: '{"query":"Use the tools"}' } },
      { type: 'function', function: { name: 'other', arguments: '{"query":"Use the tools"}' } },
    ]);
    const twin = (await openai(provider).chat.completions.stream(body).finalChatCompletion()).choices[0];
    const calls = (choice: typeof twin | typeof whole): unknown =>
      choice?.message.tool_calls?.map((call) =>
        call.type === 'function' ? [call.function.name, call.function.arguments] : [],
      );
    expect(calls(twin)).toEqual(calls(whole));
    expect(twin?.finish_reason).toBe('tool_calls');
    const results = (whole?.message.tool_calls ?? []).map((call, at) => ({
      role: 'tool' as const,
      tool_call_id: call.id,
      content: `result ${at}`,
    }));
    const messages = [asked, whole?.message as OpenAI.ChatCompletionMessageParam, ...results];
    const after = await openai(provider).chat.completions.create({ ...body, messages });
    expect(after.choices[0]?.message.content).toContain('result 0');
    expect(after.choices[0]?.message.content).toContain('result 1');
  });

  it('system text, an image, a limit and a stop word reach the vendor', async () => {
    const answer = await openai(provider).chat.completions.create({
      model: 'm',
      max_tokens: 3,
      stop: ['END'],
      temperature: 0.5,
      messages: [
        { role: 'system', content: 'SYSTEM-TEXT' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'one two three four' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          ],
        },
      ],
    });
    expect(answer.choices[0]?.finish_reason).toBe('length');
    const sent = simulator.requests()[0]?.text ?? '';
    for (const said of ['SYSTEM-TEXT', 'one two three four', 'AAAA', 'END', '0.5']) expect(sent).toContain(said);
  });

  it('a JSON schema is asked for', async () => {
    const answer = await openai(provider).chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toMatchObject({ said: 'Hi' });
  });
});

describe.each(names)('Anthropic’s dialect through %s', (provider) => {
  const hello = { model: 'm', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello you' }] };

  it('a text, buffered and streamed, bills alike', async () => {
    simulator.script({ answer: { tokens: { cacheRead: 5 } } });
    const whole = await anthropic(provider).messages.create(hello);
    const counted = usage(provider);
    expect(whole.content).toMatchObject([{ type: 'text', text: 'I am the-model, simulated. You said: Hello you' }]);
    expect(whole.stop_reason).toBe('end_turn');
    const twin = await anthropic(provider).messages.stream(hello).finalMessage();
    expect(twin.content).toMatchObject([{ type: 'text', text: 'I am the-model, simulated. You said: Hello you' }]);
    expect(twin.stop_reason).toBe('end_turn');
    expect(usage(provider)).toEqual(counted);
    expect(twin.usage.output_tokens).toBe(whole.usage.output_tokens);
  });

  it('parallel tool calls and their results, buffered and streamed', async () => {
    const asked = { role: 'user' as const, content: 'Use the tools' };
    const body = { model: 'm', max_tokens: 100, messages: [asked], tools: messageTools };
    const whole = await anthropic(provider).messages.create(body);
    const expected = ['find', 'other'].map((name) => ({ type: 'tool_use', name, input: { query: 'Use the tools' } }));
    expect(whole.content).toMatchObject(expected);
    expect(whole.stop_reason).toBe('tool_use');
    const twin = await anthropic(provider).messages.stream(body).finalMessage();
    expect(twin.content).toMatchObject(expected);
    const results = whole.content.flatMap((block, at) =>
      block.type === 'tool_use'
        ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: `result ${at}` }]
        : [],
    );
    const messages: Anthropic.MessageParam[] = [
      asked,
      { role: 'assistant', content: whole.content as Anthropic.ContentBlockParam[] },
      { role: 'user', content: results },
    ];
    const after = await anthropic(provider).messages.create({ ...body, messages });
    expect(JSON.stringify(after.content)).toContain('result 0');
    expect(JSON.stringify(after.content)).toContain('result 1');
  });

  it('a forced tool, a system text and a limit reach the vendor', async () => {
    const body = { ...hello, system: 'SYSTEM-TEXT', tools: messageTools };
    const { content } = await anthropic(provider).messages.create({
      ...body,
      tool_choice: { type: 'tool', name: 'other' },
    });
    expect(content).toMatchObject([{ type: 'tool_use', name: 'other' }]);
    expect(simulator.requests()[0]?.text).toContain('SYSTEM-TEXT');
  });
});
