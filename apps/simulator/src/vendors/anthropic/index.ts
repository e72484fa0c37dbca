import type { z } from 'zod';
import type { IncomingHttpHeaders } from 'node:http';
import { tokensOf } from '../../model.js';
import { json, type Reply } from '../../reply.js';
import { bearer, type Call, refusedKey, textField, type Vendor } from '../../vendor.js';
import { complaint } from '../openai/schema.js';
import { answerMessages, promptOf } from './messages.js';
import { countSchema, messagesSchema } from './schema.js';

export const anthropic: Vendor = {
  name: 'anthropic',
  owns: (path) => path === '/v1/messages' || path === '/v1/messages/count_tokens',
  modelOf: (call) => textField(call.body, 'model'),
  keyOf,
  error: (status, code, message) => fail(status, code ?? typeOf(status), message),
  answer(call, directions) {
    const refused = refusedKey(keyOf(call.headers));
    if (refused) return fail(refused.status, typeOf(refused.status), refused.message);
    if (call.headers['anthropic-version'] === undefined)
      return fail(400, 'invalid_request_error', 'anthropic-version: header is required');
    if (call.method !== 'POST') return fail(405, 'invalid_request_error', 'Method Not Allowed');
    if (call.path.endsWith('/count_tokens'))
      return checked(countSchema, call, (request) => {
        const { turns } = promptOf(request);
        return json(200, { input_tokens: tokensOf(turns.map((turn) => turn.text).join('')) + 3 });
      });
    return checked(messagesSchema, call, (request) => {
      if (request.model.includes('missing')) return fail(404, 'not_found_error', `model: ${request.model}`);
      if (tokensOf(call.text) > 200_000)
        return fail(400, 'invalid_request_error', 'prompt is too long: 200001 tokens > 200000 maximum');
      return answerMessages(request, directions);
    });
  },
};

function checked<T>(schema: z.ZodType<T>, call: Call, then: (request: T) => Reply): Reply {
  const parsed = schema.safeParse(call.body);
  if (parsed.success) return then(parsed.data);
  const { message, param } = complaint(parsed.error);
  return fail(400, 'invalid_request_error', `${param ?? 'body'}: ${message}`);
}

function keyOf(headers: IncomingHttpHeaders): string {
  const key = headers['x-api-key'];
  return typeof key === 'string' ? key : bearer(headers);
}

function fail(status: number, type: string, message: string): Reply {
  return json(status, { type: 'error', error: { type, message }, request_id: 'req_simulated' });
}

function typeOf(status: number): string {
  const types: Readonly<Record<number, string>> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    402: 'billing_error',
    403: 'permission_error',
    404: 'not_found_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  };
  return types[status] ?? 'api_error';
}
