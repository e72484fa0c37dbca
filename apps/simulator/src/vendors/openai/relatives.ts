import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { json } from '../../reply.js';
import { bearer, refusedKey, textField, type Vendor } from '../../vendor.js';
import { answerChat } from './chat.js';
import { openai } from './index.js';
import { chatSchema, complaint } from './schema.js';

const azureRoute = /^\/openai\/deployments\/([^/]+)\/(chat\/completions|embeddings|completions)$/;

/** Azure: the deployment in the path, an API version in the query, the key in its own header. */
export const azure: Vendor = {
  name: 'azure',
  owns: (path) => azureRoute.test(path),
  modelOf: (call) => azureRoute.exec(call.path)?.[1] ?? '',
  keyOf: azureKey,
  error: (status, code, message) => json(status, { error: { code: code ?? String(status), message } }),
  answer(call, directions) {
    if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(call.query.get('api-version') ?? ''))
      return azure.error(404, '404', 'Resource not found');
    const path = `/v1/${azureRoute.exec(call.path)?.[2] ?? ''}`;
    const headers = { ...call.headers, authorization: `Bearer ${azureKey(call.headers)}` };
    return openai.answer({ ...call, path, headers }, directions);
  },
};

function azureKey(headers: IncomingHttpHeaders): string {
  const key = headers['api-key'];
  return typeof key === 'string' ? key : '';
}

const { shape } = chatSchema;

/** Mistral takes these and refuses the rest with 422; it counts a stream in its last chunk, unasked. */
const mistralSchema = z.strictObject({
  model: shape.model,
  messages: shape.messages,
  temperature: shape.temperature,
  top_p: shape.top_p,
  max_tokens: shape.max_tokens,
  stream: shape.stream,
  stop: shape.stop,
  random_seed: shape.seed,
  response_format: shape.response_format,
  tools: shape.tools,
  tool_choice: shape.tool_choice,
  presence_penalty: shape.presence_penalty,
  frequency_penalty: shape.frequency_penalty,
  n: shape.n,
  parallel_tool_calls: shape.parallel_tool_calls,
});

export const mistral: Vendor = {
  name: 'mistral',
  owns: (path) => path === '/mistral/v1/chat/completions',
  modelOf: (call) => textField(call.body, 'model'),
  keyOf: bearer,
  error: (status, code, message) =>
    json(status, { object: 'error', message, type: code ?? 'error', param: null, code }),
  answer(call, directions) {
    const refused = refusedKey(bearer(call.headers));
    if (refused) return mistral.error(refused.status, refused.code, refused.message);
    const parsed = mistralSchema.safeParse(call.body);
    if (!parsed.success) return mistral.error(422, 'extra_forbidden', complaint(parsed.error).message);
    const { random_seed: _seed, ...request } = parsed.data;
    const counted = { ...request, stream_options: { include_usage: true } };
    return answerChat(counted, { ...directions, answer: { ...directions.answer, usageWithChoices: true } });
  },
};
