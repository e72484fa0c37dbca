import {
  err,
  limits,
  noObligations,
  ok,
  refuse,
  type Classification,
  type Decision,
  type Obligations,
  type Permit,
  type Refusal,
  type Result,
} from '@writ/domain';
import {
  claimsOf,
  deepFactOf,
  fulfil,
  issueClassificationToken,
  leafDigestsOf,
  reviewConfirms,
  tighten,
} from '@writ/classification';
import { decideDescribed, describeFacts, type Facts } from '@writ/policy';
import { createHmac } from 'node:crypto';
import { commit, conversationKey, type Exchange } from './exchange.js';
import { factsOf } from './facts.js';
import type { ReviewedAs, ReviewPort, ReviewRequest } from './ports.js';

/** A decision, or the refusal that takes its place with the permit that could not be kept. */
export type Decided =
  | { readonly kind: 'decided'; readonly decision: Decision }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly permitted?: Permit };

const unreviewed: ReviewedAs = { state: 'none', classes: {} };
const strictness = { none: 0, clear: 1, pending: 2, confirmed: 3 } as const;

/**
 * Decides, knowing what deeper reviews said. A review that the policy demands is asked for, waited for within the policy's
 * bound, and the decision is made again with its verdict: it may tighten the inline result, never loosen it. A review that
 * the policy wants afterwards is durable before the permit is, and binds the next request of the conversation.
 */
export function decideReviewed(
  exchange: Exchange,
  inline: Classification,
  hangUp: AbortSignal,
): Promise<Decided> | Decided {
  const keys = keysOfConversation(exchange);
  // Most requests go on from nothing that was reviewed: nobody is asked.
  if (keys.length === 0) return decideKnowing(exchange, inline, unreviewed, hangUp);
  return decideAfter(exchange, inline, exchange.ports.reviews.of(exchange.tenant, keys), hangUp);
}

async function decideAfter(
  exchange: Exchange,
  inline: Classification,
  asked: ReturnType<ReviewPort['of']>,
  hangUp: AbortSignal,
): Promise<Decided> {
  const earlier = await asked;
  if (!earlier.ok) return { kind: 'refused', refusal: refuse(earlier.error) };
  return await decideKnowing(exchange, inline, earlier.value, hangUp);
}

function decideKnowing(
  exchange: Exchange,
  inline: Classification,
  earlier: ReviewedAs,
  hangUp: AbortSignal,
): Promise<Decided> | Decided {
  const first = decideAs(exchange, inline, earlier);
  exchange.reviewed = earlier;
  if (first.effect === 'deny') return { kind: 'decided', decision: first };
  const { requireReview, reviewWithinHours } = first.obligations;
  if (requireReview.length === 0 && reviewWithinHours === undefined) return { kind: 'decided', decision: first };
  return decideByReview(exchange, inline, earlier, first, hangUp);
}

/** The review that the permit demands or wishes for. */
async function decideByReview(
  exchange: Exchange,
  inline: Classification,
  earlier: ReviewedAs,
  first: Permit,
  hangUp: AbortSignal,
): Promise<Decided> {
  const { requireReview } = first.obligations;
  const asked = await askReview(exchange, inline, first.obligations);
  if (!asked.ok) return { kind: 'refused', refusal: asked.error, permitted: first };
  if (requireReview.length === 0) return { kind: 'decided', decision: first };
  const verdict = await verdictOf(exchange, asked.value, requireReview, hangUp);
  if (!verdict.ok) return { kind: 'refused', refusal: verdict.error, permitted: first };
  exchange.reviewed = stricter(earlier, verdict.value);
  const second = decideAs(exchange, inline, exchange.reviewed);
  const confirmed =
    second.effect === 'permit' && verdict.value.state === 'confirmed' && second.obligations.requireReview;
  const still = confirmed ? confirmed.find(({ class: name }) => verdict.value.classes[name] !== undefined) : undefined;
  if (second.effect === 'permit' && still !== undefined) {
    const message = `A review confirmed ${still.class}, and the tenant's policy permits this only when a review is clear; its administrators can explain the decision by its id.`;
    return { kind: 'refused', refusal: denied('review-confirmed', message), permitted: second };
  }
  return { kind: 'decided', decision: second };
}

/**
 * What earlier requests were found to be that this one goes on from: by the conversation's name, and by the newest leaf of
 * what was reviewed, which a conversation repeats. One that cannot be looked up is not a new one.
 */
function keysOfConversation(exchange: Exchange): readonly string[] {
  const { ask, held } = exchange;
  const named = ask.conversation === undefined ? [] : [conversationDigest(exchange)];
  const leaves = held.snapshot.review === undefined ? [] : leafDigestsOf(ask.leaves, held.digestKey);
  return [...named, ...leaves];
}

function decideAs(exchange: Exchange, inline: Classification, as: ReviewedAs): Decision {
  exchange.facts = describeFacts(factsAs(exchange, inline, as));
  return decideDescribed(exchange.held.policy, exchange.facts);
}

/** The facts as they would be had this been found, with what reviews have said. */
export function factsReviewed(exchange: Exchange, found: Classification): Facts {
  return factsAs(exchange, found, exchange.reviewed ?? unreviewed);
}

function factsAs(exchange: Exchange, inline: Classification, as: ReviewedAs): Facts {
  const { ask, subject, held, reservation, ports } = exchange;
  return factsOf(ask, subject, held.snapshot, raised(inline, as), reservation, ports.clock.nowMs(), as.state);
}

function raised(inline: Classification, as: ReviewedAs): Classification {
  if (as === unreviewed) return inline;
  const classes: Record<string, number> = { ...inline.classes };
  for (const [name, score] of Object.entries(as.classes)) classes[name] = Math.max(classes[name] ?? 0, score);
  return { ...inline, classes };
}

function stricter(one: ReviewedAs, two: ReviewedAs): ReviewedAs {
  const classes: Record<string, number> = { ...one.classes };
  for (const [name, score] of Object.entries(two.classes)) classes[name] = Math.max(classes[name] ?? 0, score);
  return { state: strictness[one.state] > strictness[two.state] ? one.state : two.state, classes };
}

/** Tokenises the text, issues the classification token, records that a review was asked for, and makes it durable. */
async function askReview(
  exchange: Exchange,
  inline: Classification,
  obligations: Obligations,
): Promise<Result<ReviewRequest, Refusal>> {
  const { ask, held, ports, tenant } = exchange;
  const spanned = [...new Set(inline.findings.filter(({ start, end }) => end > start).map((each) => each.class))];
  const redactions = spanned.map((name) => ({ class: name, style: 'token' as const, by: ['review'] }));
  const cleared = fulfil({ ...noObligations, redactions }, ask, inline, conversationKey(exchange));
  if (!cleared.ok) return err(unavailable('what was found cannot be replaced by tokens'));
  const text = cleared.value.leaves.map((leaf) => `[${leaf.role}] ${leaf.text}`).join('\n');
  if (text.length > limits.reviewCharacters) return err(unavailable('the request is longer than a review reads'));
  const id = ports.ids.recordId();
  const expiresAt = ports.clock.nowMs() + limits.reviewLifeMs;
  const claims = claimsOf(inline, ask.leaves, { id, digestKey: held.digestKey, expiresAt });
  const named = [...obligations.requireReview.map((each) => each.class), ...(held.snapshot.review?.classes ?? [])];
  const wanted = Object.fromEntries(named.map((name) => [name, 0]));
  const review: ReviewRequest = {
    id,
    request: ask.request,
    keys: [...(ask.conversation === undefined ? [] : [conversationDigest(exchange)]), claims.newestLeaf].filter(
      Boolean,
    ),
    token: issueClassificationToken(claims, held.digestKey),
    asked: { ...wanted, ...inline.classes },
    claims,
    text,
    people: obligations.reviewBy ?? 0,
  };
  const fields = { review: id, request: ask.request, classes: Object.keys(review.asked).toSorted() };
  const event = { kind: 'event', id: ports.ids.recordId(), name: 'review.asked', actor: 'gateway', fields } as const;
  const recorded = await commit(exchange, event, 'committed');
  if (!recorded.ok) return recorded;
  const stored = await ports.reviews.ask(tenant, held, review);
  return stored.ok ? ok(review) : err(refuse(stored.error));
}

async function verdictOf(
  exchange: Exchange,
  review: ReviewRequest,
  required: Obligations['requireReview'],
  hangUp: AbortSignal,
): Promise<Result<ReviewedAs, Refusal>> {
  const { clock, reviews } = exchange.ports;
  const withinMs = Math.min(limits.reviewWaitMs, ...required.map(({ withinSeconds }) => withinSeconds * 1_000));
  const late = new AbortController();
  const timer = clock.after(withinMs);
  void timer.elapsed.then(() => late.abort());
  const from = clock.monotonicMs();
  // It waits for somebody outside now, and the tenant's other requests do not wait for it.
  exchange.place?.leave();
  const found = await reviews.verdict(exchange.tenant, review.id, AbortSignal.any([late.signal, hangUp]));
  exchange.phasesMs['review'] = Math.round(clock.monotonicMs() - from);
  timer.cancel();
  if (found === undefined) {
    const message = `The review that the tenant's policy demands was not there within ${withinMs / 1_000} s; try again, or ask its administrators.`;
    return err(denied('review-timeout', message));
  }
  if (found === 'failed')
    return err(
      denied(
        'review-failed',
        "The review that the tenant's policy demands failed; its administrators can see why in their jobs.",
      ),
    );
  const state = deepFactOf([tighten(review.claims, found)]);
  return ok({
    state,
    classes: Object.fromEntries(Object.entries(found).filter(([, score]) => score >= reviewConfirms)),
  });
}

function denied(detail: string, message: string): Refusal {
  return refuse('policy-denied', { detail, message });
}

function unavailable(because: string): Refusal {
  const message = `The tenant's policy demands a review, and there can be none: ${because}; shorten or simplify the request, or ask the administrators.`;
  return denied('review-unavailable', message);
}

/** Names a conversation within its tenant without revealing it: what a subject calls by one name is its own. */
function conversationDigest(exchange: Exchange): string {
  return createHmac('sha256', conversationKey(exchange)).update('writ/review/conversation').digest('base64url');
}
