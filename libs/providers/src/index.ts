import type { Ask, Refusal, Result } from '@writ/domain';
import { type AskMeta, parseAsk } from './dialect/ask.js';
import { chatRoute } from './openai/chat-ask.js';

export { isAside } from './answer-reader.js';
export {
  createProviders,
  type CalledAnswer,
  type CallOptions,
  type Proofs,
  type Providers,
  type ProviderSettings,
} from './call.js';
export type { AskMeta } from './dialect/ask.js';
export { dialects } from './dialect/dialects.js';
export type { Encoder } from './dialect/encoder.js';
export { dialectOf, parseRoute } from './dialect/routes.js';
export { type EncodedRefusal, encodeRefusal } from './dialect/refusal.js';
export { observed, type Onlooker } from './observed.js';
export type { Deadlines } from './transport.js';

/** `POST /v1/chat/completions` */
export function parseOpenAiChat(bytes: Uint8Array, meta: AskMeta): Result<Ask, Refusal> {
  return parseAsk(chatRoute, bytes, meta);
}
