import { type Ask, type Dialect, err, refuse, type Refusal, type Result } from '@writ/domain';
import { evaluationRoute } from '../authzen/ask.js';
import { countTokensRoute, messagesRoute } from '../anthropic/ask.js';
import { generateRoute } from '../gemini/ask.js';
import { chatRoute } from '../openai/chat-ask.js';
import { completionsRoute, embeddingsRoute } from '../openai/legacy-ask.js';
import { responsesRoute } from '../openai/responses-ask.js';
import { type AskMeta, parseAsk, type RouteShape } from './ask.js';

/** Every route that takes a prompt. A path that is not here does not exist. */
const routes: Readonly<Record<string, RouteShape>> = {
  '/v1/chat/completions': chatRoute,
  '/v1/responses': responsesRoute,
  '/v1/completions': completionsRoute,
  '/v1/embeddings': embeddingsRoute,
  '/v1/messages': messagesRoute,
  '/v1/messages/count_tokens': countTokensRoute,
  '/access/v1/evaluation': evaluationRoute,
};

/** Gemini names the model, and how to answer, in the path. */
const generate = /^\/v1beta\/models\/([A-Za-z0-9][A-Za-z0-9._-]{0,255}):(generateContent|streamGenerateContent)$/;

/** Reads a request by its canonical path. */
export function parseRoute(path: string, bytes: Uint8Array, meta: AskMeta): Result<Ask, Refusal> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route) return parseAsk(route, bytes, meta);
  const [, pathModel, method] = generate.exec(path) ?? [];
  if (pathModel === undefined) return err(refuse('route-unknown'));
  return parseAsk(generateRoute, bytes, { ...meta, pathModel, pathStream: method === 'streamGenerateContent' });
}

/** The dialect of a path, so that a refusal before parsing can be said in it. */
export function dialectOf(path: string): Dialect {
  if (Object.hasOwn(routes, path)) return routes[path]?.dialect ?? 'openai.chat';
  return generate.test(path) ? 'gemini.generate' : 'openai.chat';
}
