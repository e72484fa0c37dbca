import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Directions } from '../../faults.js';
import { type Answer, idOf, type Prompt, think } from '../../model.js';
import { events, json, type Reply } from '../../reply.js';
import { bearer, refusedKey, type Vendor } from '../../vendor.js';
import { complaint } from '../openai/schema.js';
import { isIssued } from './tokens.js';

const part = z.strictObject({
  text: z.string().optional(),
  thought: z.boolean().optional(),
  inlineData: z.strictObject({ mimeType: z.string(), data: z.string() }).optional(),
  functionCall: z
    .strictObject({ id: z.string().optional(), name: z.string(), args: z.record(z.string(), z.unknown()).optional() })
    .optional(),
  functionResponse: z
    .strictObject({ id: z.string().optional(), name: z.string(), response: z.record(z.string(), z.unknown()) })
    .optional(),
});
const content = z.strictObject({ role: z.enum(['user', 'model']).optional(), parts: z.array(part).min(1) });

/** The published parameters of `generateContent` that the simulator serves. */
const schema = z.strictObject({
  contents: z.array(content).min(1),
  systemInstruction: z.strictObject({ role: z.string().optional(), parts: z.array(part) }).optional(),
  tools: z
    .array(
      z.strictObject({
        functionDeclarations: z.array(
          z.strictObject({
            name: z.string(),
            description: z.string().optional(),
            parameters: z.unknown().optional(),
            parametersJsonSchema: z.unknown().optional(),
          }),
        ),
      }),
    )
    .optional(),
  toolConfig: z
    .strictObject({
      functionCallingConfig: z.strictObject({
        mode: z.enum(['AUTO', 'ANY', 'NONE']),
        allowedFunctionNames: z.array(z.string()).optional(),
      }),
    })
    .optional(),
  generationConfig: z
    .strictObject({
      temperature: z.number().min(0).max(2).optional(),
      topP: z.number().optional(),
      topK: z.number().optional(),
      candidateCount: z.number().int().min(1).max(8).optional(),
      maxOutputTokens: z.number().int().positive().optional(),
      stopSequences: z.array(z.string()).max(5).optional(),
      responseMimeType: z.string().optional(),
      responseJsonSchema: z.unknown().optional(),
      seed: z.number().int().optional(),
      presencePenalty: z.number().optional(),
      frequencyPenalty: z.number().optional(),
      thinkingConfig: z
        .strictObject({ thinkingBudget: z.number().int().optional(), includeThoughts: z.boolean().optional() })
        .optional(),
    })
    .optional(),
  labels: z.record(z.string(), z.string()).optional(),
});
type Request = z.output<typeof schema>;

const route =
  /^\/(?:v1beta|v1\/projects\/[^/]+\/locations\/[^/]+\/publishers\/google)\/models\/([^/:]+):(generateContent|streamGenerateContent)$/;

/** The developer API and Vertex AI: the same wire at two addresses. */
export const gemini: Vendor = {
  name: 'gemini',
  owns: (path) => route.test(path),
  modelOf: (call) => route.exec(call.path)?.[1] ?? '',
  keyOf,
  error: (status, code, message) => fail(status, code, message),
  answer(call, directions) {
    const refused = refusedKey(keyOf(call.headers));
    if (refused) return fail(refused.status, undefined, refused.message);
    if (call.path.startsWith('/v1/projects/') && !isIssued(bearer(call.headers)))
      return fail(401, undefined, 'Request had invalid authentication credentials.');
    const [, model = '', method] = route.exec(call.path) ?? [];
    if (model.includes('missing')) return fail(404, undefined, `models/${model} is not found`);
    const parsed = schema.safeParse(call.body);
    if (!parsed.success) return fail(400, undefined, complaint(parsed.error).message);
    if (method === 'generateContent') return generate(parsed.data, model, directions, false);
    if (call.query.get('alt') !== 'sse') return fail(400, undefined, 'the simulator streams with alt=sse only');
    return generate(parsed.data, model, directions, true);
  },
};

const finishes = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  'tool-calls': 'STOP',
  filtered: 'SAFETY',
  refusal: 'SAFETY',
} as const;

function generate(request: Request, model: string, directions: Directions, stream: boolean): Reply {
  const prompt = promptOf(request, model);
  const count = request.generationConfig?.candidateCount ?? 1;
  const answers = Array.from({ length: count }, () => think(prompt, directions.answer));
  const about = { modelVersion: model, responseId: idOf('', JSON.stringify(prompt)) };
  const usageMetadata = usage(answers);
  if (!stream) {
    const candidates = answers.map((answer, index) => ({
      content: { parts: merged(pieces(answer)), role: 'model' },
      finishReason: finishes[answer.finish],
      index,
    }));
    return json(200, { candidates, usageMetadata, ...about });
  }
  const chunks = answers.flatMap((answer, index) => {
    const list = pieces(answer);
    return list.map((one, at) => ({
      candidates: [
        {
          content: { parts: [one], role: 'model' },
          ...(at === list.length - 1 ? { finishReason: finishes[answer.finish] } : {}),
          index,
        },
      ],
      usageMetadata:
        at === list.length - 1
          ? usageMetadata
          : { promptTokenCount: usageMetadata.promptTokenCount, totalTokenCount: usageMetadata.promptTokenCount },
      ...about,
    }));
  });
  return events(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`));
}

type Part = z.output<typeof part>;

function pieces(answer: Answer): readonly Part[] {
  const said = answer.refusal ? [answer.refusal] : answer.chunks;
  const list: Part[] = [
    ...answer.reasoning.map((text) => ({ text, thought: true })),
    ...said.map((text) => ({ text })),
    ...answer.toolCalls.map((call) => ({
      functionCall: { name: call.name, args: JSON.parse(call.arguments) as Record<string, unknown> },
    })),
  ];
  return list.length > 0 ? list : [{ text: '' }];
}

function merged(list: readonly Part[]): readonly Part[] {
  const out: Part[] = [];
  for (const one of list) {
    const last = out.at(-1);
    if (last?.text !== undefined && one.text !== undefined && last.thought === one.thought)
      out[out.length - 1] = { ...last, text: last.text + one.text };
    else out.push(one);
  }
  return out;
}

/** Thoughts are counted beside the candidates. */
function usage(answers: readonly Answer[]): Record<string, number> & { promptTokenCount: number } {
  const sum = (of: (answer: Answer) => number): number => answers.reduce((total, answer) => total + of(answer), 0);
  const input = answers[0]?.tokens.input ?? 0;
  const thoughts = sum(({ tokens }) => tokens.reasoning);
  const output = sum(({ tokens }) => tokens.output);
  const cached = answers[0]?.tokens.cacheRead ?? 0;
  return {
    promptTokenCount: input,
    candidatesTokenCount: output - thoughts,
    totalTokenCount: input + output,
    ...(cached > 0 ? { cachedContentTokenCount: cached } : {}),
    ...(thoughts > 0 ? { thoughtsTokenCount: thoughts } : {}),
  };
}

function promptOf(request: Request, model: string): Prompt {
  const names = (request.tools ?? []).flatMap((tool) => tool.functionDeclarations.map(({ name }) => name));
  const config = request.toolConfig?.functionCallingConfig;
  const system = (request.systemInstruction?.parts ?? []).map(({ text }) => ({ role: 'system', text: text ?? '' }));
  return {
    model,
    turns: [...system, ...request.contents.map(turnOf)],
    tools: config?.mode === 'NONE' ? [] : names,
    forcedTools: config?.mode === 'ANY' ? (config.allowedFunctionNames ?? names.slice(0, 1)) : [],
    jsonSchema: request.generationConfig?.responseMimeType === 'application/json',
    maxTokens: request.generationConfig?.maxOutputTokens,
    images: JSON.stringify(request.contents).split('"inlineData"').length - 1,
  };
}

function turnOf({ role, parts }: z.output<typeof content>): Prompt['turns'][number] {
  const results = parts
    .filter((one) => one.functionResponse)
    .map((one) => JSON.stringify(one.functionResponse?.response));
  if (results.length > 0) return { role: 'tool', text: results.join('') };
  return { role: role === 'model' ? 'assistant' : 'user', text: parts.map(({ text }) => text ?? '').join('') };
}

function keyOf(headers: IncomingHttpHeaders): string {
  const key = headers['x-goog-api-key'];
  return typeof key === 'string' ? key : bearer(headers);
}

function fail(status: number, code: string | undefined, message: string): Reply {
  const names: Readonly<Record<number, string>> = {
    400: 'INVALID_ARGUMENT',
    401: 'UNAUTHENTICATED',
    403: 'PERMISSION_DENIED',
    404: 'NOT_FOUND',
    429: 'RESOURCE_EXHAUSTED',
    500: 'INTERNAL',
    503: 'UNAVAILABLE',
  };
  return json(status, { error: { code: status, message, status: code ?? names[status] ?? 'UNKNOWN' } });
}
