import { type JsonObject, ok } from '@writ/domain';
import type { Particulars, RouteShape } from '../dialect/ask.js';
import { listOf, numberIn, objectOf, stringOf } from '../translate/conversation.js';
import { responsesShape } from './responses-shape.js';

export const responsesRoute: RouteShape = {
  dialect: 'openai.responses',
  action: 'chat',
  shape: responsesShape,
  particulars: (body) => ok(particulars(body)),
};

function particulars(body: JsonObject): Particulars {
  return {
    model: stringOf(body['model']),
    stream: body['stream'] === true,
    tools: listOf(body['tools']).map((tool) => stringOf(objectOf(tool)['name'])),
    ...numberIn(body, 'max_output_tokens', 'maxOutputTokens'),
    choices: 1,
    metadata: objectOf(body['metadata'] ?? {}) as Readonly<Record<string, string>>,
  };
}
