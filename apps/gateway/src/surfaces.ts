import { encodeRefusal, parseOpenAiChat } from '@writ/providers';
import type { Surface } from './door.js';

/** Every door of the gateway: each guarded, because `door` is the only way to make one. */
export const surfaces: readonly Surface[] = [
  {
    dialect: 'openai.chat',
    route: '/v1/chat/completions',
    parse: parseOpenAiChat,
    encodeRefusal(refusal, request, about) {
      const { status, headers, body } = encodeRefusal('openai.chat', refusal, request, about.decisionId);
      return { status, headers, body: Buffer.from(body) };
    },
  },
];
