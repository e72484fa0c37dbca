import { EventStreamCodec } from '@smithy/eventstream-codec';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Directions } from '../../faults.js';
import { type Answer, idOf, type Prompt, think } from '../../model.js';
import { json, phaseOf, type Reply } from '../../reply.js';
import { bearer, refusedKey, type Vendor } from '../../vendor.js';
import { complaint } from '../openai/schema.js';
import { isSigned } from './signature.js';

const block = z.strictObject({
  text: z.string().min(1).optional(),
  image: z
    .strictObject({ format: z.enum(['png', 'jpeg', 'gif', 'webp']), source: z.strictObject({ bytes: z.string() }) })
    .optional(),
  document: z
    .strictObject({ format: z.string(), name: z.string(), source: z.strictObject({ bytes: z.string() }) })
    .optional(),
  toolUse: z
    .strictObject({ toolUseId: z.string(), name: z.string(), input: z.record(z.string(), z.unknown()) })
    .optional(),
  toolResult: z
    .strictObject({
      toolUseId: z.string(),
      content: z.array(z.strictObject({ text: z.string() })),
      status: z.enum(['success', 'error']).optional(),
    })
    .optional(),
  reasoningContent: z
    .strictObject({ reasoningText: z.strictObject({ text: z.string(), signature: z.string().optional() }) })
    .optional(),
});

/** The published parameters of Converse that the simulator serves. */
const schema = z.strictObject({
  messages: z.array(z.strictObject({ role: z.enum(['user', 'assistant']), content: z.array(block).min(1) })).min(1),
  system: z.array(z.strictObject({ text: z.string() })).optional(),
  inferenceConfig: z
    .strictObject({
      maxTokens: z.number().int().positive().optional(),
      temperature: z.number().min(0).max(1).optional(),
      topP: z.number().optional(),
      stopSequences: z.array(z.string()).optional(),
    })
    .optional(),
  toolConfig: z
    .strictObject({
      tools: z
        .array(
          z.strictObject({
            toolSpec: z.strictObject({
              name: z.string(),
              description: z.string().min(1).optional(),
              inputSchema: z.strictObject({ json: z.looseObject({ type: z.literal('object') }) }),
              strict: z.boolean().optional(),
            }),
          }),
        )
        .min(1),
      toolChoice: z
        .union([
          z.strictObject({ auto: z.strictObject({}) }),
          z.strictObject({ any: z.strictObject({}) }),
          z.strictObject({ tool: z.strictObject({ name: z.string() }) }),
        ])
        .optional(),
    })
    .optional(),
  additionalModelRequestFields: z
    .union([
      z.strictObject({
        thinking: z.strictObject({ type: z.literal('enabled'), budget_tokens: z.number().int().min(1_024) }),
      }),
      z.strictObject({ reasoning_effort: z.enum(['low', 'medium', 'high']) }),
    ])
    .optional(),
  outputConfig: z
    .strictObject({
      textFormat: z.strictObject({
        type: z.literal('json_schema'),
        structure: z.strictObject({
          jsonSchema: z.strictObject({
            schema: z.string(),
            name: z.string().optional(),
            description: z.string().optional(),
          }),
        }),
      }),
    })
    .optional(),
});
type Request = z.output<typeof schema>;

const route = /^\/model\/([^/]+)\/(converse|converse-stream)$/;

export const bedrock: Vendor = {
  name: 'bedrock',
  owns: (path) => route.test(path),
  modelOf: (call) => decodeURIComponent(route.exec(call.path)?.[1] ?? ''),
  keyOf,
  error: (status, code, message) => fail(status, code ?? exceptionOf(status), message),
  async answer(call, directions) {
    const refused = refusedKey(keyOf(call.headers));
    if (refused) return fail(refused.status, exceptionOf(refused.status), refused.message);
    if (!(await isSigned(call))) return fail(403, 'InvalidSignatureException', 'The signature does not match.');
    const model = bedrock.modelOf(call);
    if (model.includes('missing'))
      return fail(404, 'ResourceNotFoundException', 'Could not resolve the foundation model.');
    const parsed = schema.safeParse(call.body);
    if (!parsed.success) return fail(400, 'ValidationException', complaint(parsed.error).message);
    const answer = think(promptOf(parsed.data, model), directions.answer);
    return call.path.endsWith('-stream') ? stream(answer, directions) : buffered(answer);
  },
};

const finishes = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  filtered: 'content_filtered',
  refusal: 'content_filtered',
} as const;

function buffered(answer: Answer): Reply {
  const said = answer.refusal || answer.chunks.join('');
  const content = [
    ...(answer.reasoning.length > 0
      ? [{ reasoningContent: { reasoningText: { text: answer.reasoning.join(''), signature: 'c2ln' } } }]
      : []),
    ...(said === '' ? [] : [{ text: said }]),
    ...answer.toolCalls.map((call, at) => ({
      toolUse: { toolUseId: toolId(answer, at), name: call.name, input: JSON.parse(call.arguments) as unknown },
    })),
  ];
  return json(200, {
    output: { message: { role: 'assistant', content } },
    stopReason: finishes[answer.finish],
    usage: usage(answer),
    metrics: { latencyMs: 1 },
  });
}

function stream(answer: Answer, directions: Directions): Reply {
  const list: Uint8Array[] = [frame('messageStart', { role: 'assistant' })];
  let index = 0;
  const delta = (contentBlockIndex: number, value: unknown): void =>
    void list.push(frame('contentBlockDelta', { contentBlockIndex, delta: value }));
  const close = (): void => void list.push(frame('contentBlockStop', { contentBlockIndex: index++ }));
  if (answer.reasoning.length > 0) {
    for (const text of answer.reasoning) delta(index, { reasoningContent: { text } });
    delta(index, { reasoningContent: { signature: 'c2ln' } });
    close();
  }
  const chunks = answer.refusal ? [answer.refusal] : answer.chunks;
  for (const text of chunks) delta(index, { text });
  if (chunks.length > 0) close();
  answer.toolCalls.forEach((call, at) => {
    const start = { toolUse: { toolUseId: toolId(answer, at), name: call.name } };
    list.push(frame('contentBlockStart', { contentBlockIndex: index, start }));
    for (const input of call.arguments.match(/[^]{1,7}/g) ?? []) delta(index, { toolUse: { input } });
    close();
  });
  list.push(frame('messageStop', { stopReason: finishes[answer.finish] }));
  if (!directions.answer.withoutUsage)
    list.push(frame('metadata', { usage: usage(answer), metrics: { latencyMs: 1 } }));
  return {
    status: 200,
    headers: { 'content-type': 'application/vnd.amazon.eventstream', 'x-amzn-requestid': 'simulated' },
    pieces: list.map((bytes, at) => ({ bytes, phase: phaseOf(at, list.length) })),
  };
}

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString('utf8'),
  (text) => Buffer.from(text, 'utf8'),
);

function frame(type: string, payload: unknown): Uint8Array {
  return codec.encode({
    headers: {
      ':event-type': header(type),
      ':content-type': header('application/json'),
      ':message-type': header('event'),
    },
    body: Buffer.from(JSON.stringify(payload)),
  });
}

function header(value: string): { type: 'string'; value: string } {
  return { type: 'string', value };
}

function toolId(answer: Answer, at: number): string {
  return idOf('tooluse_', JSON.stringify(answer.toolCalls), String(at));
}

function usage({ tokens }: Answer): unknown {
  const { input, output, cacheRead, cacheWrite } = tokens;
  return {
    inputTokens: input,
    outputTokens: output,
    totalTokens: input + output + cacheRead + cacheWrite,
    cacheReadInputTokens: cacheRead,
    cacheWriteInputTokens: cacheWrite,
  };
}

function promptOf(request: Request, model: string): Prompt {
  const names = (request.toolConfig?.tools ?? []).map(({ toolSpec }) => toolSpec.name);
  const choice = request.toolConfig?.toolChoice;
  return {
    model,
    turns: [
      ...(request.system ?? []).map(({ text }) => ({ role: 'system', text })),
      ...request.messages.map(({ role, content }) => ({
        role: content.some((one) => one.toolResult) ? 'tool' : role,
        text: content.map((one) => one.text ?? one.toolResult?.content.map(({ text }) => text).join('') ?? '').join(''),
      })),
    ],
    tools: names,
    forcedTools: choice && 'tool' in choice ? [choice.tool.name] : choice && 'any' in choice ? names.slice(0, 1) : [],
    jsonSchema: Boolean(request.outputConfig),
    maxTokens: request.inferenceConfig?.maxTokens,
    images: JSON.stringify(request.messages).split('"image":').length - 1,
  };
}

/** The access key of a signature, or the API key of a bearer token. */
function keyOf(headers: IncomingHttpHeaders): string {
  return /Credential=([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? bearer(headers);
}

function exceptionOf(status: number): string {
  const names: Readonly<Record<number, string>> = {
    400: 'ValidationException',
    401: 'UnrecognizedClientException',
    403: 'AccessDeniedException',
    404: 'ResourceNotFoundException',
    429: 'ThrottlingException',
    503: 'ServiceUnavailableException',
  };
  return names[status] ?? 'InternalServerException';
}

function fail(status: number, type: string, message: string): Reply {
  return json(status, { message }, { 'x-amzn-errortype': type, 'x-amzn-requestid': 'simulated' });
}
