import { z } from 'zod';
import type { Directions } from '../../faults.js';
import { type Answer, idOf, type Prompt, think } from '../../model.js';
import { events, json, type Reply, sse } from '../../reply.js';
import { bearer, refusedKey, textField, type Vendor } from '../../vendor.js';
import { complaint } from '../openai/schema.js';

const parts = z.array(
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('text'), text: z.string() }),
    z.strictObject({ type: z.literal('image_url'), image_url: z.strictObject({ url: z.string() }) }),
  ]),
);
const texts = z.union([z.string(), parts]);
const call = z.strictObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});

/** The published parameters of `/v2/chat` that the simulator serves. */
const schema = z.strictObject({
  model: z.string().min(1),
  stream: z.boolean(),
  messages: z
    .array(
      z.discriminatedUnion('role', [
        z.strictObject({ role: z.literal('system'), content: texts }),
        z.strictObject({ role: z.literal('user'), content: texts }),
        z.strictObject({
          role: z.literal('assistant'),
          content: texts.optional(),
          tool_calls: z.array(call).optional(),
          tool_plan: z.string().optional(),
        }),
        z.strictObject({ role: z.literal('tool'), tool_call_id: z.string(), content: texts }),
      ]),
    )
    .min(1),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({ name: z.string(), description: z.string().optional(), parameters: z.unknown() }),
      }),
    )
    .optional(),
  tool_choice: z.enum(['REQUIRED', 'NONE']).optional(),
  max_tokens: z.number().int().positive().optional(),
  temperature: z.number().min(0).optional(),
  p: z.number().optional(),
  k: z.number().optional(),
  seed: z.number().int().optional(),
  presence_penalty: z.number().optional(),
  frequency_penalty: z.number().optional(),
  stop_sequences: z.array(z.string()).max(5).optional(),
  logprobs: z.boolean().optional(),
  response_format: z.strictObject({ type: z.literal('json_object'), json_schema: z.unknown().optional() }).optional(),
  thinking: z
    .strictObject({ type: z.enum(['enabled', 'disabled']), token_budget: z.number().int().optional() })
    .optional(),
});
type Request = z.output<typeof schema>;

export const cohere: Vendor = {
  name: 'cohere',
  owns: (path) => path === '/v2/chat',
  modelOf: (heard) => textField(heard.body, 'model'),
  keyOf: bearer,
  error: (status, _code, message) => json(status, { id: 'simulated', message }),
  answer(heard, directions) {
    const refused = refusedKey(bearer(heard.headers));
    if (refused) return json(refused.status, { id: 'simulated', message: refused.message });
    const parsed = schema.safeParse(heard.body);
    if (!parsed.success) return json(400, { id: 'simulated', message: complaint(parsed.error).message });
    return chat(parsed.data, directions);
  },
};

const finishes = {
  stop: 'COMPLETE',
  length: 'MAX_TOKENS',
  'tool-calls': 'TOOL_CALL',
  filtered: 'ERROR_TOXIC',
  refusal: 'COMPLETE',
} as const;

function chat(request: Request, directions: Directions): Reply {
  const prompt = promptOf(request);
  const answer = think(prompt, directions.answer);
  const id = idOf('', JSON.stringify(prompt));
  const calls = answer.toolCalls.map((one, at) => ({
    id: idOf(`${one.name}_`, id, String(at)),
    type: 'function',
    function: { name: one.name, arguments: one.arguments },
  }));
  const chunks = answer.refusal ? [answer.refusal] : answer.chunks;
  if (request.stream) return stream(id, answer, chunks, calls);
  return json(200, {
    id,
    finish_reason: finishes[answer.finish],
    message: {
      role: 'assistant',
      content: [
        ...(answer.reasoning.length > 0 ? [{ type: 'thinking', thinking: answer.reasoning.join('') }] : []),
        ...(chunks.length > 0 ? [{ type: 'text', text: chunks.join('') }] : []),
      ],
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    },
    usage: usage(answer),
  });
}

function stream(
  id: string,
  answer: Answer,
  chunks: readonly string[],
  calls: readonly { readonly id: string; readonly function: { readonly name: string; readonly arguments: string } }[],
): Reply {
  const list: string[] = [];
  const say = (type: string, more: object): void => void list.push(sse({ type, ...more }, type));
  say('message-start', { id, delta: { message: { role: 'assistant', content: [], tool_calls: [] } } });
  const block = (index: number, type: 'thinking' | 'text', words: readonly string[]): void => {
    say('content-start', { index, delta: { message: { content: { type, [type]: '' } } } });
    for (const word of words) say('content-delta', { index, delta: { message: { content: { [type]: word } } } });
    say('content-end', { index });
  };
  if (answer.reasoning.length > 0) block(0, 'thinking', answer.reasoning);
  if (chunks.length > 0) block(answer.reasoning.length > 0 ? 1 : 0, 'text', chunks);
  calls.forEach((one, index) => {
    const start = { ...one, function: { name: one.function.name, arguments: '' } };
    say('tool-call-start', { index, delta: { message: { tool_calls: start } } });
    for (const part of one.function.arguments.match(/[^]{1,7}/g) ?? [])
      say('tool-call-delta', { index, delta: { message: { tool_calls: { function: { arguments: part } } } } });
    say('tool-call-end', { index });
  });
  say('message-end', { delta: { finish_reason: finishes[answer.finish], usage: usage(answer) } });
  return events(list);
}

function usage({ tokens }: Answer): unknown {
  const counted = { input_tokens: tokens.input, output_tokens: tokens.output };
  return { billed_units: counted, tokens: counted, cached_tokens: tokens.cacheRead };
}

function promptOf(request: Request): Prompt {
  const names = (request.tools ?? []).map((tool) => tool.function.name);
  return {
    model: request.model,
    turns: request.messages.map(({ role, content }) => ({ role, text: textOf(content) })),
    tools: request.tool_choice === 'NONE' ? [] : names,
    forcedTools: request.tool_choice === 'REQUIRED' ? names.slice(0, 1) : [],
    jsonSchema: Boolean(request.response_format),
    maxTokens: request.max_tokens,
    images: JSON.stringify(request.messages).split('"image_url"').length - 1,
  };
}

function textOf(content: z.output<typeof texts> | undefined): string {
  if (content === undefined) return '';
  return typeof content === 'string'
    ? content
    : content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
