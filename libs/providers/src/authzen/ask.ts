import { err, type JsonObject, ok } from '@writ/domain';
import { countTokensRoute, messagesRoute } from '../anthropic/ask.js';
import { malformed, type RouteShape } from '../dialect/ask.js';
import { generateRoute } from '../gemini/ask.js';
import { type ObjectShape, object, oneOf, type Shape, word } from '../json/shape.js';
import { chatRoute } from '../openai/chat-ask.js';
import { completionsRoute, embeddingsRoute } from '../openai/legacy-ask.js';
import { responsesRoute } from '../openai/responses-ask.js';
import { objectOf, stringOf } from '../translate/conversation.js';

/** The requests that an evaluation may be about, by the route that they would take here. */
const evaluable: Readonly<Record<string, RouteShape>> = {
  '/v1/chat/completions': chatRoute,
  '/v1/responses': responsesRoute,
  '/v1/completions': completionsRoute,
  '/v1/embeddings': embeddingsRoute,
  '/v1/messages': messagesRoute,
  '/v1/messages/count_tokens': countTokensRoute,
  '/v1beta/models:generateContent': generateRoute,
};
const routeUnsaid = '/v1/chat/completions';

/** Properties are the caller's word: classified like everything else, and believed for nothing. */
const properties: Shape = { is: 'any', role: 'metadata' };
const contexts: Readonly<Record<string, ObjectShape>> = Object.fromEntries(
  Object.entries(evaluable).map(([route, { shape }]) => [
    route,
    object({ route: word, request: shape, time: word, properties }),
  ]),
);

/** OpenID AuthZEN Authorization API 1.0, `POST /access/v1/evaluation`: may this subject do this with this model? */
export const evaluationRoute: RouteShape = {
  dialect: 'authzen.evaluation',
  action: 'evaluate',
  shape: object(
    {
      subject: object({ type: word, id: word, properties }, ['type', 'id']),
      action: object({ name: oneOf('chat', 'complete', 'embed', 'count-tokens'), properties }, ['name']),
      resource: object({ type: oneOf('model'), id: { is: 'word', max: 256 }, properties }, ['type', 'id']),
      context: { is: 'variant', on: 'route', cases: contexts, otherwise: routeUnsaid },
    },
    ['subject', 'action', 'resource'],
  ),
  particulars(body, meta) {
    const model = stringOf(objectOf(body['resource'])['id']);
    const context = objectOf(body['context']);
    const route = stringOf(context['route'] ?? routeUnsaid);
    const evaluated = { route: routeOf(route, model), subject: stringOf(objectOf(body['subject'])['id']) };
    const inner = evaluable[route];
    if (context['request'] === undefined || inner === undefined)
      return ok({ model, stream: false, tools: [], choices: 1, metadata: {}, evaluated });
    const request: JsonObject = objectOf(context['request']);
    if (request['model'] !== undefined && request['model'] !== model)
      return err(malformed('/context/request/model', 'must be the model that /resource/id names'));
    if (stringOf(objectOf(body['action'])['name']) !== inner.action)
      return err(malformed('/action/name', `must be ${inner.action} for this route`));
    const particulars = inner.particulars(request, { ...meta, pathModel: model, pathStream: false });
    return particulars.ok ? ok({ ...particulars.value, model, evaluated }) : particulars;
  },
};

function routeOf(route: string, model: string): string {
  return route === '/v1beta/models:generateContent' ? `/v1beta/models/${model}:generateContent` : route;
}
