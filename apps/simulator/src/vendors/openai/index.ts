import type { z } from 'zod';
import type { Directions } from '../../faults.js';
import { tokensOf } from '../../model.js';
import { json, type Reply } from '../../reply.js';
import { bearer, type Call, refusedKey, textField, type Vendor } from '../../vendor.js';
import { answerChat } from './chat.js';
import { answerCompletions, completionsSchema } from './completions.js';
import { answerResponses, responsesSchema } from './responses.js';
import { chatSchema, complaint, type EmbeddingsRequest, embeddingsSchema } from './schema.js';

const routes = /^\/v1\/(chat\/completions|completions|responses|embeddings|models(\/[^/]+)?)$/;
const models = ['gpt-5', 'gpt-5-mini', 'gpt-4o', 'gpt-4o-mini', 'o4-mini', 'text-embedding-3-small'];

export const openai: Vendor = {
  name: 'openai',
  owns: (path) => routes.test(path),
  modelOf: (call) => textField(call.body, 'model'),
  keyOf: bearer,
  error: (status, code, message) => fail(status, code ?? null, message, null),
  answer(call, directions) {
    const refused = refusedKey(bearer(call.headers));
    if (refused) return fail(refused.status, refused.code, refused.message, null);
    if (call.path.startsWith('/v1/models')) return listModels(call);
    if (call.method !== 'POST') return fail(405, null, `Not allowed to ${call.method} on ${call.path}.`, null);
    if (!/^application\/json\b/.test(call.headers['content-type'] ?? ''))
      return fail(400, null, 'You must send a body of type application/json.', null);
    if (call.body === undefined) return fail(400, null, 'We could not parse the JSON body of your request.', null);
    return byRoute(call, directions);
  },
};

function byRoute(call: Call, directions: Directions): Reply {
  switch (call.path) {
    case '/v1/embeddings':
      return checked(embeddingsSchema, call, (request) => embed(request));
    case '/v1/completions':
      return checked(completionsSchema, call, (request) => answerCompletions(request, directions));
    case '/v1/responses':
      return checked(responsesSchema, call, (request) => answerResponses(request, directions));
    default:
      return checked(chatSchema, call, (request) => chat(request, call, directions));
  }
}

function chat(request: z.output<typeof chatSchema>, call: Call, directions: Directions): Reply {
  if (request.model.includes('missing'))
    return fail(404, 'model_not_found', `The model '${request.model}' does not exist.`, null);
  if (tokensOf(call.text) > 400_000)
    return fail(400, 'context_length_exceeded', "This model's maximum context length is 400000 tokens.", 'messages');
  return answerChat(request, directions);
}

function checked<T>(schema: z.ZodType<T>, call: Call, then: (request: T) => Reply): Reply {
  const parsed = schema.safeParse(call.body);
  if (parsed.success) return then(parsed.data);
  const { message, param } = complaint(parsed.error);
  return fail(400, null, message, param);
}

function fail(status: number, code: string | null, message: string, param: string | null): Reply {
  const type = code === 'insufficient_quota' ? code : status >= 500 ? 'server_error' : 'invalid_request_error';
  return json(status, { error: { message, type: status === 429 && !code ? 'requests' : type, param, code } });
}

function listModels(call: Call): Reply {
  const name = call.path.slice('/v1/models/'.length);
  if (!name) return json(200, { object: 'list', data: models.map(describe) });
  return models.includes(name)
    ? json(200, describe(name))
    : fail(404, 'model_not_found', `The model '${name}' does not exist.`, 'model');
}

function describe(id: string): unknown {
  return { id, object: 'model', created: 1_760_000_000, owned_by: 'simulator' };
}

function embed(request: EmbeddingsRequest): Reply {
  const inputs = Array.isArray(request.input) && typeof request.input[0] !== 'number' ? request.input : [request.input];
  const size = request.dimensions ?? 8;
  const data = inputs.map((input, index) => {
    const vector = embedding(JSON.stringify(input), size);
    const base64 = Buffer.from(Float32Array.from(vector).buffer).toString('base64');
    return { object: 'embedding', index, embedding: request.encoding_format === 'base64' ? base64 : vector };
  });
  const tokens = inputs.reduce<number>((sum, input) => sum + tokensOf(JSON.stringify(input)), 0);
  return json(200, {
    object: 'list',
    data,
    model: request.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

/** A unit vector that only depends on the text. */
export function embedding(text: string, size: number): number[] {
  const raw = Array.from({ length: size }, (_, i) => {
    let sum = i + 1;
    for (let at = i; at < text.length; at += size) sum = (sum * 31 + text.charCodeAt(at)) % 65_521;
    return sum / 65_521 - 0.5;
  });
  const norm = Math.hypot(...raw) || 1;
  return raw.map((value) => Math.fround(value / norm));
}
