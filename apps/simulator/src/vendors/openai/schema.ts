import { z } from 'zod';

/** The published parameters of the vendor's API, and nothing else: an unknown field is an error, as it is there. */
const nullish = <T extends z.ZodType>(type: T): z.ZodOptional<z.ZodNullable<T>> => type.nullable().optional();
const breakpoint = z.strictObject({ mode: z.literal('explicit'), ttl: z.enum(['30m', '12h']).optional() }).optional();

const textPart = z.strictObject({ type: z.literal('text'), text: z.string(), prompt_cache_breakpoint: breakpoint });
const refusalPart = z.strictObject({ type: z.literal('refusal'), refusal: z.string() });
const imagePart = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({ url: z.string(), detail: z.enum(['auto', 'low', 'high', 'original']).optional() }),
  prompt_cache_breakpoint: breakpoint,
});
const audioPart = z.strictObject({
  type: z.literal('input_audio'),
  input_audio: z.strictObject({ data: z.string(), format: z.enum(['wav', 'mp3']) }),
  prompt_cache_breakpoint: breakpoint,
});
const filePart = z.strictObject({
  type: z.literal('file'),
  file: z.strictObject({
    file_data: z.string().optional(),
    file_id: z.string().optional(),
    filename: z.string().optional(),
  }),
  prompt_cache_breakpoint: breakpoint,
});
const texts = z.union([z.string(), z.array(textPart).min(1)]);

const toolCall = z.discriminatedUnion('type', [
  z.strictObject({
    id: z.string(),
    type: z.literal('function'),
    function: z.strictObject({ name: z.string(), arguments: z.string() }),
  }),
  z.strictObject({
    id: z.string(),
    type: z.literal('custom'),
    custom: z.strictObject({ name: z.string(), input: z.string() }),
  }),
]);

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: texts, name: z.string().optional() }),
  z.strictObject({ role: z.literal('developer'), content: texts, name: z.string().optional() }),
  z.strictObject({
    role: z.literal('user'),
    content: z.union([
      z.string(),
      z.array(z.discriminatedUnion('type', [textPart, imagePart, audioPart, filePart])).min(1),
    ]),
    name: z.string().optional(),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: nullish(z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, refusalPart]))])),
    name: z.string().optional(),
    refusal: nullish(z.string()),
    audio: nullish(z.strictObject({ id: z.string() })),
    tool_calls: z.array(toolCall).optional(),
    function_call: nullish(z.strictObject({ name: z.string(), arguments: z.string() })),
    annotations: z.array(z.unknown()).optional(),
  }),
  z.strictObject({ role: z.literal('tool'), content: texts, tool_call_id: z.string() }),
  z.strictObject({ role: z.literal('function'), content: z.string().nullable(), name: z.string() }),
]);

const definition = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
  strict: nullish(z.boolean()),
});
const tool = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('function'), function: definition }),
  z.strictObject({
    type: z.literal('custom'),
    custom: z.strictObject({ name: z.string(), description: z.string().optional(), format: z.unknown() }),
  }),
]);
const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: z.string() }) }),
  z.strictObject({ type: z.literal('custom'), custom: z.strictObject({ name: z.string() }) }),
  z.strictObject({ type: z.literal('allowed_tools'), allowed_tools: z.unknown() }),
]);
const responseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string(),
      description: z.string().optional(),
      schema: z.record(z.string(), z.unknown()).optional(),
      strict: nullish(z.boolean()),
    }),
  }),
]);

export const chatSchema = z.strictObject({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  audio: nullish(z.unknown()),
  frequency_penalty: nullish(z.number().min(-2).max(2)),
  function_call: z.unknown().optional(),
  functions: z.array(definition).optional(),
  logit_bias: nullish(z.record(z.string(), z.number())),
  logprobs: nullish(z.boolean()),
  max_completion_tokens: nullish(z.number().int().positive()),
  max_tokens: nullish(z.number().int().positive()),
  metadata: nullish(z.record(z.string().max(64), z.string().max(512))),
  modalities: nullish(z.array(z.enum(['text', 'audio']))),
  moderation: nullish(z.unknown()),
  n: nullish(z.number().int().min(1).max(128)),
  parallel_tool_calls: z.boolean().optional(),
  prediction: nullish(z.strictObject({ type: z.literal('content'), content: texts })),
  presence_penalty: nullish(z.number().min(-2).max(2)),
  prompt_cache_key: nullish(z.string()),
  prompt_cache_options: z.unknown().optional(),
  prompt_cache_retention: nullish(z.enum(['in_memory', '24h'])),
  reasoning_effort: nullish(z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])),
  response_format: responseFormat.optional(),
  safety_identifier: nullish(z.string()),
  seed: nullish(z.number().int()),
  service_tier: nullish(z.enum(['auto', 'default', 'flex', 'scale', 'priority', 'fast'])),
  stop: nullish(z.union([z.string(), z.array(z.string()).min(1).max(4)])),
  store: nullish(z.boolean()),
  stream: nullish(z.boolean()),
  stream_options: nullish(
    z.strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() }),
  ),
  temperature: nullish(z.number().min(0).max(2)),
  tool_choice: toolChoice.optional(),
  tools: z.array(tool).max(128).optional(),
  top_logprobs: nullish(z.number().int().min(0).max(20)),
  top_p: nullish(z.number().min(0).max(1)),
  user: z.string().optional(),
  verbosity: nullish(z.enum(['low', 'medium', 'high'])),
  web_search_options: z.unknown().optional(),
});
export type ChatRequest = z.output<typeof chatSchema>;

export const embeddingsSchema = z.strictObject({
  model: z.string().min(1),
  input: z.union([
    z.string().min(1),
    z.array(z.string().min(1)).min(1).max(2048),
    z.array(z.number().int()).min(1),
    z.array(z.array(z.number().int()).min(1)).min(1),
  ]),
  dimensions: z.number().int().positive().optional(),
  encoding_format: z.enum(['float', 'base64']).optional(),
  user: z.string().optional(),
});
export type EmbeddingsRequest = z.output<typeof embeddingsSchema>;

/** The vendor's sentence and field for the first complaint. */
export function complaint(error: z.ZodError): { message: string; param: string | null } {
  const issue = error.issues[0];
  const path = issue?.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('') ?? '';
  const param = path.replace(/^\./, '');
  if (issue?.code === 'unrecognized_keys') {
    const key = `${param ? `${param}.` : ''}${issue.keys[0] ?? ''}`;
    return { message: `Unrecognized request argument supplied: ${key}`, param: key };
  }
  return { message: `Invalid value for '${param}': ${issue?.message ?? 'malformed'}`, param: param || null };
}
