import { type Ask, err, refuse, type Refusal, type Result } from '@writ/domain';
import { countTokensRoute, messagesRoute } from '../anthropic/ask.js';
import { chatRoute } from '../openai/chat-ask.js';
import { type AskMeta, parseAsk, type RouteShape } from './ask.js';

/** Every route that takes a prompt. A path that is not here does not exist. */
const routes: Readonly<Record<string, RouteShape>> = {
  '/v1/chat/completions': chatRoute,
  '/v1/messages': messagesRoute,
  '/v1/messages/count_tokens': countTokensRoute,
};

/** Reads a request by its canonical path. */
export function parseRoute(path: string, bytes: Uint8Array, meta: AskMeta): Result<Ask, Refusal> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  return route ? parseAsk(route, bytes, meta) : err(refuse('route-unknown'));
}
