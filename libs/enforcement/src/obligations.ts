import { err, refuse, type Classification, type Obligations, type Refusal, type Result } from '@writ/domain';
import { fulfil, type ClearedPrompt } from '@writ/classification';
import { conversationKey, type Exchange } from './exchange.js';

/**
 * Does what the permit obliges before anything may leave. An obligation that cannot be fulfilled turns the permit into a
 * deny: a review that nobody can be waited for is not a review.
 */
export function fulfilObligations(
  exchange: Exchange,
  obligations: Obligations,
  classification: Classification,
): Result<ClearedPrompt, Refusal> {
  const [review] = obligations.requireReview;
  if (review) {
    const message = `The policy demands a review of ${review.class} before an answer, and this gateway has no reviewer; the tenant's administrators must change the policy.`;
    return err(refuse('policy-denied', { detail: 'review-unavailable', message }));
  }
  return fulfil(obligations, exchange.ask, classification, conversationKey(exchange));
}
