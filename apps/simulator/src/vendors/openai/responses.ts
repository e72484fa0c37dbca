import { z } from 'zod';
import type { Directions } from '../../faults.js';
import { type Answer, idOf, type Prompt, think } from '../../model.js';
import { events, json, type Reply, sse } from '../../reply.js';

const text = z.strictObject({ type: z.literal('input_text'), text: z.string() });
const image = z.strictObject({
  type: z.literal('input_image'),
  image_url: z.string(),
  detail: z.string().optional(),
});
const outputText = z.strictObject({
  type: z.literal('output_text'),
  text: z.string(),
  annotations: z.array(z.unknown()).optional(),
  logprobs: z.array(z.unknown()).optional(),
});
const item = z.union([
  z.strictObject({
    type: z.literal('message').optional(),
    id: z.string().optional(),
    status: z.string().optional(),
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [text, image, outputText]))]),
  }),
  z.strictObject({
    type: z.literal('function_call'),
    id: z.string().optional(),
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
    status: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('function_call_output'), call_id: z.string(), output: z.string() }),
]);

/** The published parameters of the Responses API that the simulator serves. */
export const responsesSchema = z.strictObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(item).min(1)]),
  instructions: z.string().nullish(),
  max_output_tokens: z.number().int().min(16).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.strictObject({ effort: z.string().nullish(), summary: z.string().nullish() }).nullish(),
  store: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  text: z.strictObject({ format: z.looseObject({ type: z.string() }).optional() }).optional(),
  tool_choice: z
    .union([z.enum(['none', 'auto', 'required']), z.strictObject({ type: z.literal('function'), name: z.string() })])
    .optional(),
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        name: z.string(),
        description: z.string().nullish(),
        parameters: z.record(z.string(), z.unknown()).nullable(),
        strict: z.boolean().nullable().optional(),
      }),
    )
    .optional(),
  top_p: z.number().min(0).max(1).nullish(),
  user: z.string().optional(),
});
export type ResponsesRequest = z.output<typeof responsesSchema>;

type Body = Readonly<Record<string, unknown>>;

export function answerResponses(request: ResponsesRequest, directions: Directions): Reply {
  const prompt = promptOf(request);
  const answer = think(prompt, directions.answer);
  const id = idOf('resp_', JSON.stringify(prompt));
  const envelope = {
    id,
    object: 'response',
    created_at: 1_760_000_000,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    metadata: request.metadata ?? {},
    model: request.model,
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: request.tool_choice ?? 'auto',
    tools: request.tools ?? [],
    top_p: 1,
  };
  const items = itemsOf(answer, id);
  const cut = answer.finish === 'length';
  const whole = {
    ...envelope,
    status: cut ? 'incomplete' : 'completed',
    ...(cut ? { incomplete_details: { reason: 'max_output_tokens' } } : {}),
    output: items.map((one) => one.whole),
    usage: usage(answer),
  };
  return request.stream === true ? stream(envelope, whole, items) : json(200, whole);
}

interface ItemOut {
  readonly whole: Body;
  readonly empty: Body;
  readonly says: readonly (readonly [string, Body])[];
}

function stream(envelope: Body, whole: Body & { readonly status: string }, items: readonly ItemOut[]): Reply {
  const list: string[] = [];
  const say = (type: string, more: Body): void =>
    void list.push(sse({ type, sequence_number: list.length, ...more }, type));
  const begun = { response: { ...envelope, status: 'in_progress', output: [], usage: null } };
  say('response.created', begun);
  say('response.in_progress', begun);
  items.forEach((one, at) => {
    say('response.output_item.added', { output_index: at, item: one.empty });
    for (const [type, more] of one.says) say(type, { output_index: at, item_id: one.whole['id'], ...more });
    say('response.output_item.done', { output_index: at, item: one.whole });
  });
  say(`response.${whole.status}`, { response: whole });
  return events(list);
}

function itemsOf(answer: Answer, id: string): readonly ItemOut[] {
  const items: ItemOut[] = [];
  if (answer.reasoning.length > 0) items.push(reasoningItem(answer.reasoning, id));
  if (answer.refusal !== '' || answer.chunks.length > 0) items.push(messageItem(answer, id));
  answer.toolCalls.forEach((call, index) => {
    const base = {
      id: idOf('fc_', id, String(index)),
      type: 'function_call',
      call_id: idOf('call_', id, String(index)),
      name: call.name,
    };
    items.push({
      empty: { ...base, arguments: '', status: 'in_progress' },
      whole: { ...base, arguments: call.arguments, status: 'completed' },
      says: [
        ...(call.arguments.match(/[^]{1,7}/g) ?? []).map(
          (delta) => ['response.function_call_arguments.delta', { delta }] as const,
        ),
        ['response.function_call_arguments.done', { name: call.name, arguments: call.arguments }],
      ],
    });
  });
  return items;
}

function messageItem(answer: Answer, id: string): ItemOut {
  const base = { id: idOf('msg_', id), type: 'message', role: 'assistant' };
  const refused = answer.refusal !== '';
  const full = refused ? answer.refusal : answer.chunks.join('');
  const part = (words: string): Body =>
    refused ? { type: 'refusal', refusal: words } : { type: 'output_text', text: words, annotations: [], logprobs: [] };
  const flow = refused ? 'response.refusal' : 'response.output_text';
  const more = refused ? {} : { logprobs: [] };
  const chunks = refused ? [answer.refusal] : answer.chunks;
  return {
    empty: { ...base, status: 'in_progress', content: [] },
    whole: { ...base, status: 'completed', content: [part(full)] },
    says: [
      ['response.content_part.added', { content_index: 0, part: part('') }],
      ...chunks.map((delta) => [`${flow}.delta`, { content_index: 0, delta, ...more }] as const),
      [`${flow}.done`, { content_index: 0, ...(refused ? { refusal: full } : { text: full }), ...more }],
      ['response.content_part.done', { content_index: 0, part: part(full) }],
    ],
  };
}

function reasoningItem(thoughts: readonly string[], id: string): ItemOut {
  const base = { id: idOf('rs_', id), type: 'reasoning' };
  const full = { type: 'summary_text', text: thoughts.join('') };
  return {
    empty: { ...base, summary: [] },
    whole: { ...base, summary: [full] },
    says: [
      ['response.reasoning_summary_part.added', { summary_index: 0, part: { type: 'summary_text', text: '' } }],
      ...thoughts.map((delta) => ['response.reasoning_summary_text.delta', { summary_index: 0, delta }] as const),
      ['response.reasoning_summary_text.done', { summary_index: 0, text: full.text }],
      ['response.reasoning_summary_part.done', { summary_index: 0, part: full }],
    ],
  };
}

function usage({ tokens }: Answer): Body {
  return {
    input_tokens: tokens.input,
    input_tokens_details: { cached_tokens: tokens.cacheRead },
    output_tokens: tokens.output,
    output_tokens_details: { reasoning_tokens: tokens.reasoning },
    total_tokens: tokens.input + tokens.output,
  };
}

function promptOf(request: ResponsesRequest): Prompt {
  const names = (request.tools ?? []).map((tool) => tool.name);
  const choice = request.tool_choice;
  const input = typeof request.input === 'string' ? [{ role: 'user' as const, content: request.input }] : request.input;
  const instructions = request.instructions ? [{ role: 'system', text: request.instructions }] : [];
  const format = request.text?.format?.type;
  return {
    model: request.model,
    turns: [...instructions, ...input.map(turnOf)],
    tools: choice === 'none' ? [] : names,
    forcedTools: choice === 'required' ? names.slice(0, 1) : typeof choice === 'object' ? [choice.name] : [],
    jsonSchema: format === 'json_schema' || format === 'json_object',
    maxTokens: request.max_output_tokens ?? undefined,
    images: JSON.stringify(input).split('"input_image"').length - 1,
  };
}

type Item = z.output<typeof item>;

function turnOf(one: Item): Prompt['turns'][number] {
  if (one.type === 'function_call') return { role: 'assistant', text: one.arguments };
  if (one.type === 'function_call_output') return { role: 'tool', text: one.output };
  if (typeof one.content === 'string') return { role: one.role, text: one.content };
  return { role: one.role, text: one.content.map((part) => ('text' in part ? part.text : '')).join('') };
}
