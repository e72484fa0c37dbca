import type { Dialect } from '@writ/domain';
import { dialectOf, encodeRefusal, parseRoute } from '@writ/providers';
import type { Surface } from './door.js';

function surface(dialect: Dialect, route: string): Surface {
  return {
    dialect,
    route,
    parse: parseRoute,
    encodeRefusal(refusal, request, about) {
      const { status, headers, body } = encodeRefusal(
        dialect,
        refusal,
        request,
        about.decisionId,
        about.effect === 'deny' ? (about.rules ?? []) : undefined,
      );
      return { status, headers, body: Buffer.from(body) };
    },
  };
}

/** Every door of the gateway: each guarded, because `door` is the only way to make one. */
export const surfaces: readonly Surface[] = [
  surface('openai.chat', '/v1/chat/completions'),
  surface('openai.responses', '/v1/responses'),
  surface('openai.completions', '/v1/completions'),
  surface('openai.embeddings', '/v1/embeddings'),
  surface('anthropic.messages', '/v1/messages'),
  surface('anthropic.messages', '/v1/messages/count_tokens'),
  surface('gemini.generate', '/v1beta/models/:call'),
  surface('authzen.evaluation', '/access/v1/evaluation'),
];

/** The door whose dialect a refusal before any route is said in. */
export function surfaceFor(path: string): Surface {
  const dialect = dialectOf(path);
  return surfaces.find((each) => each.dialect === dialect) ?? surface(dialect, path);
}
