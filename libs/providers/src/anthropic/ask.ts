import { type JsonObject, ok } from '@writ/domain';
import type { Particulars, RouteShape } from '../dialect/ask.js';
import { listOf, numberIn, objectOf, stringOf } from '../translate/conversation.js';
import { countTokensShape, messagesShape } from './shape.js';

export const messagesRoute: RouteShape = {
  dialect: 'anthropic.messages',
  action: 'chat',
  shape: messagesShape,
  particulars: (body) => ok(particulars(body)),
};

export const countTokensRoute: RouteShape = {
  dialect: 'anthropic.messages',
  action: 'count-tokens',
  shape: countTokensShape,
  particulars: (body) => ok(particulars(body)),
};

function particulars(body: JsonObject): Particulars {
  const user = objectOf(body['metadata'])['user_id'];
  return {
    model: stringOf(body['model']),
    stream: body['stream'] === true,
    tools: listOf(body['tools']).map((tool) => stringOf(objectOf(tool)['name'])),
    ...numberIn(body, 'max_tokens', 'maxOutputTokens'),
    choices: 1,
    metadata: typeof user === 'string' ? { user_id: user } : {},
  };
}
