import { type Classification, type Obligations, type Refusal, type Result } from '@writ/domain';
import { fulfil, type ClearedPrompt } from '@writ/classification';
import { conversationKey, type Exchange } from './exchange.js';

/**
 * Does what the permit obliges before anything may leave. An obligation that cannot be fulfilled turns the permit into a
 * deny. Reviews were had before the decision.
 */
export function fulfilObligations(
  exchange: Exchange,
  obligations: Obligations,
  classification: Classification,
): Result<ClearedPrompt, Refusal> {
  return fulfil(obligations, exchange.ask, classification, conversationKey(exchange));
}
