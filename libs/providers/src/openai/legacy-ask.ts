import { ok } from '@writ/domain';
import type { RouteShape } from '../dialect/ask.js';
import { listOf, numberIn, stringOf } from '../translate/conversation.js';
import { completionsShape, embeddingsShape } from './legacy-shape.js';

export const embeddingsRoute: RouteShape = {
  dialect: 'openai.embeddings',
  action: 'embed',
  shape: embeddingsShape,
  particulars: (body) => ok({ model: stringOf(body['model']), stream: false, tools: [], choices: 1, metadata: {} }),
};

export const completionsRoute: RouteShape = {
  dialect: 'openai.completions',
  action: 'complete',
  shape: completionsShape,
  particulars: (body) => {
    const each = Math.max(Number(body['n'] ?? 1), Number(body['best_of'] ?? 1));
    return ok({
      model: stringOf(body['model']),
      stream: body['stream'] === true,
      tools: [],
      ...numberIn(body, 'max_tokens', 'maxOutputTokens'),
      choices: each * Math.max(1, listOf(body['prompt']).length),
      metadata: {},
    });
  },
};
