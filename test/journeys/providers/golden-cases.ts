import type { Script } from '@writ/simulator';

/** One canonical conversation each, in the dialects' own words. Changing one changes every golden file: review the diffs. */
const schema = { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] };
const tool = (name: string): object => ({
  type: 'function',
  function: { name, description: `the ${name} tool`, parameters: schema },
});
const call = (id: string, name: string): object => ({
  id,
  type: 'function',
  function: { name, arguments: '{"query":"q"}' },
});
const user = (content: unknown): object => ({ role: 'user', content });

export interface GoldenCase {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What the simulated model is told to answer. */
  readonly answer?: Readonly<Record<string, unknown>>;
  /** What goes wrong at the provider. */
  readonly fault?: NonNullable<Script['fault']>;
  /** The dialect has no stream of it. */
  readonly bufferedOnly?: true;
  /** Dialects that stream by another path. */
  readonly streamPath?: string;
}

const chat = (body: Record<string, unknown>, answer?: Record<string, unknown>): GoldenCase => ({
  path: '/v1/chat/completions',
  body: { model: 'fast', ...body },
  ...(answer ? { answer } : {}),
});
const gemini = (body: Record<string, unknown>): GoldenCase => ({
  path: '/v1beta/models/fast:generateContent',
  streamPath: '/v1beta/models/fast:streamGenerateContent',
  body,
});

const failing = (fault: NonNullable<Script['fault']>): GoldenCase => ({
  ...chat({ messages: [user('Hi')] }),
  fault,
});

export const goldenCases: Readonly<Record<string, GoldenCase>> = {
  'chat: text': chat({ messages: [user('Hello')] }),
  'chat: system and several turns': chat({
    messages: [
      { role: 'system', content: 'Be brief.' },
      user('One'),
      { role: 'assistant', content: 'Two' },
      user('Three'),
    ],
  }),
  'chat: parallel tool calls': chat({ messages: [user('use the tools')], tools: [tool('find'), tool('other')] }),
  'chat: tool results': chat({
    messages: [
      user('use the tools'),
      { role: 'assistant', content: null, tool_calls: [call('call_1', 'find'), call('call_2', 'other')] },
      { role: 'tool', tool_call_id: 'call_1', content: 'first' },
      { role: 'tool', tool_call_id: 'call_2', content: 'second' },
    ],
    tools: [tool('find'), tool('other')],
  }),
  'chat: a forced tool': chat({
    messages: [user('Hi')],
    tools: [tool('find'), tool('other')],
    tool_choice: { type: 'function', function: { name: 'other' } },
  }),
  'chat: an image': chat({
    messages: [
      user([
        { type: 'text', text: 'Look' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
      ]),
    ],
  }),
  'chat: a JSON schema': chat({
    messages: [user('Hi')],
    response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
  }),
  'chat: stop, limit and sampling': chat({
    messages: [user('one two three four')],
    stop: ['END'],
    max_tokens: 3,
    temperature: 0.5,
    top_p: 0.9,
  }),
  'chat: usage of a stream': chat({ messages: [user('Hi')], stream_options: { include_usage: true } }),
  'chat: logprobs': chat({ messages: [user('Hi')], logprobs: true }),
  'chat: reasoning and cached tokens': chat(
    { messages: [user('Hi')], reasoning_effort: 'low' },
    { reasoning: ['I ', 'think'], tokens: { input: 20, cacheRead: 16, reasoning: 2 } },
  ),
  'chat: one tool': chat({ messages: [user('use the tool')], tools: [tool('find')] }),
  'chat: no tool, though there is one': chat({ messages: [user('Hi')], tools: [tool('find')], tool_choice: 'none' }),
  'chat: a refusal': chat({ messages: [user('Hi')] }, { refusal: 'I cannot help with that.' }),
  'chat: usage beside content': chat(
    { messages: [user('Hi')], stream_options: { include_usage: true } },
    { usageWithChoices: true },
  ),
  'chat: the provider is rate limited': failing({ kind: 'status', status: 429, retryAfter: '7' }),
  'chat: the provider fails': failing({ kind: 'status', status: 500 }),
  'chat: the provider is overloaded': failing({ kind: 'status', status: 529 }),
  'chat: the provider refuses the key': failing({ kind: 'status', status: 401 }),
  'chat: the provider finds it invalid': failing({ kind: 'status', status: 400 }),
  'chat: a filtered answer': chat({ messages: [user('Hi')] }, { text: '', finish: 'filtered' }),
  'messages: text': {
    path: '/v1/messages',
    body: { model: 'fast', max_tokens: 100, system: 'Be brief.', messages: [user('Hello')] },
  },
  'messages: parallel tool calls': {
    path: '/v1/messages',
    body: {
      model: 'fast',
      max_tokens: 100,
      messages: [user('use the tools')],
      tools: ['find', 'other'].map((name) => ({ name, input_schema: schema })),
    },
  },
  'messages: an image and several turns': {
    path: '/v1/messages',
    body: {
      model: 'fast',
      max_tokens: 100,
      messages: [
        user([
          { type: 'text', text: 'Look' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
        ]),
        { role: 'assistant', content: 'I looked.' },
        user('And?'),
      ],
    },
  },
  'messages: tool results': {
    path: '/v1/messages',
    body: {
      model: 'fast',
      max_tokens: 100,
      messages: [
        user('use the tools'),
        { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'find', input: { query: 'q' } }] },
        user([{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'first' }]),
      ],
      tools: [{ name: 'find', input_schema: schema }],
    },
  },
  'messages: thinking': {
    path: '/v1/messages',
    body: {
      model: 'fast',
      max_tokens: 2_000,
      thinking: { type: 'enabled', budget_tokens: 1_024 },
      messages: [user('Hi')],
    },
    answer: { reasoning: ['I ', 'think'], tokens: { input: 20, cacheRead: 16, cacheWrite: 2, reasoning: 2 } },
  },
  'messages: counting tokens': {
    path: '/v1/messages/count_tokens',
    body: { model: 'fast', messages: [user('Hello')] },
    bufferedOnly: true,
  },
  'embeddings: two texts': {
    path: '/v1/embeddings',
    body: { model: 'fast', input: ['one', 'two'], dimensions: 4, encoding_format: 'float' },
    bufferedOnly: true,
  },
  'completions: text': { path: '/v1/completions', body: { model: 'fast', prompt: 'Hello', max_tokens: 20 } },
  'responses: a JSON schema': {
    path: '/v1/responses',
    body: { model: 'fast', input: 'Hi', text: { format: { type: 'json_schema', name: 'answer', schema } } },
  },
  'responses: text': { path: '/v1/responses', body: { model: 'fast', instructions: 'Be brief.', input: 'Hello' } },
  'responses: parallel tool calls': {
    path: '/v1/responses',
    body: {
      model: 'fast',
      input: 'use the tools',
      tools: ['find', 'other'].map((name) => ({ type: 'function', name, parameters: schema, strict: false })),
    },
  },
  'gemini: text': gemini({
    systemInstruction: { parts: [{ text: 'Be brief.' }] },
    contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
  }),
  'gemini: parallel function calls': gemini({
    contents: [{ role: 'user', parts: [{ text: 'use the tools' }] }],
    tools: [{ functionDeclarations: ['find', 'other'].map((name) => ({ name, parametersJsonSchema: schema })) }],
  }),
};
