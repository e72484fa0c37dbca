import { refuse, type Ask, type Credential } from '@writ/domain';
import { choose, healthOf } from '@writ/routing';
import {
  answer,
  closeRefused,
  denial,
  deny,
  handOver,
  refusalOfDeny,
  refuseUnrecorded,
  turnAway,
  type Enforced,
} from './conclude.js';
import { dispatch } from './dispatch.js';
import { beginExchange, commit, evidenceLevel, phase, type Exchange } from './exchange.js';
import { estimateTokens, namesAnother } from './facts.js';
import type { Place, Ports } from './ports.js';
import { fulfilObligations } from './obligations.js';
import { decisionRecord } from './records.js';
import { decideReviewed } from './review.js';
import { standingOf } from './standing.js';
import { beginTrial, trialEnded } from './taxonomy-trial.js';
import { refusedUnread } from './unread.js';

/** Lets the edge close what was begun, should a step throw, and leave the place that was taken, however it ends. */
export interface Watch {
  exchange?: Exchange;
  place?: Place | undefined;
}

/**
 * The product on one page. Nothing reaches a model before step 7 resolved with a receipt, and nothing comes back before
 * step 12 did; the types of `call` and `release` demand it. Whatever goes wrong ends in a refusal.
 */
export async function enforce(
  ask: Ask,
  credential: Credential,
  ports: Ports,
  hangUp: AbortSignal,
  watch: Watch,
): Promise<Enforced> {
  // 2. Who asks? Only the credential is believed.
  const identified = await ports.identity.identify(credential);
  if (!identified.ok) return turnAway(ports, ask, identified.error);
  const { tenant } = identified.value;
  // Its turn among the undecided requests of its tenant: whatever others send, it waits behind so many of each.
  const startedMs = ports.clock.monotonicMs();
  const entered = await ports.undecided.enter(tenant.tenant, hangUp);
  const place = (watch.place = entered.ok ? entered.value : undefined);

  // 3. Under which configuration? From memory; stale or missing refuses.
  const current = await ports.snapshots.current(tenant);
  const held = current.ok ? current.value : current.error.held;
  if (!held) return turnAway(ports, ask, current.ok ? refuse('snapshot-missing') : current.error.refusal);
  const { subject, isWithdrawn } = standingOf(identified.value.subject, held.snapshot);
  const exchange = (watch.exchange = beginExchange(ask, ports, { subject, tenant, held, place, startedMs }));
  if (!current.ok) return deny(exchange, denial(held, current.error.refusal));
  if (held.snapshot.state === 'suspended') return deny(exchange, denial(held, refuse('tenant-suspended')));
  if (isWithdrawn) return deny(exchange, denial(held, refuse('subject-withdrawn')));
  if (namesAnother(ask, subject)) return deny(exchange, denial(held, refuse('subject-mismatch')));
  const unread = refusedUnread(exchange, entered);
  if (unread) return deny(exchange, denial(held, unread));

  // 4. What is in it? Every string of the request. A taxonomy on trial is asked beside it, and only recorded.
  beginTrial(exchange);
  const classification = await phase(exchange, 'classify', () => ports.classifier.classify(ask, held));
  exchange.classification = classification;

  // 5. Is there room? The worst case is reserved before anything else may happen.
  const reserved = await phase(exchange, 'reserve', () =>
    ports.limits.reserve(tenant, subject, ask, held.snapshot, estimateTokens(ask)),
  );
  if (!reserved.ok) return deny(exchange, denial(held, reserved.error));
  exchange.reservation = reserved.value;

  // 6. May it? Permit with obligations and the set of authorized endpoints, or deny. A review that policy demands comes first.
  const decided = await phase(exchange, 'decide', () => decideReviewed(exchange, classification, hangUp));
  await trialEnded(exchange);
  if (decided.kind === 'refused') return deny(exchange, denial(held, decided.refusal, decided.permitted));
  const { decision } = decided;
  if (decision.effect === 'deny') return deny(exchange, { decision, refusal: refusalOfDeny(decision) });
  const cleared = await phase(exchange, 'fulfil', () =>
    fulfilObligations(exchange, decision.obligations, classification),
  );
  if (!cleared.ok) return deny(exchange, denial(held, cleared.error, decision));

  // 7. The record of the decision is durable, or nothing happens.
  const permit = await commit(
    exchange,
    decisionRecord(exchange, decision, cleared.value),
    evidenceLevel(exchange, decision.obligations),
  );
  if (!permit.ok) return refuseUnrecorded(exchange, permit.error);
  exchange.permit = permit.value;
  place?.leave();

  // Who calls the model itself asked for the decision alone. Everything up to here was the same, and here it is closed.
  if (ask.action === 'evaluate') return handOver(exchange, permit.value, cleared.value);

  // 8. Which endpoint? Only inside the authorized set.
  const tokens = estimateTokens(ask) + (ask.maxOutputTokens ?? 0) * ask.choices;
  const { aliases, endpoints, prices, limits } = held.snapshot;
  const { model, needs: capabilities = [], conversation } = ask;
  const takeKey = (endpoint: string, key?: string) => ports.limits.takeKey?.(reserved.value, endpoint, key);
  const about = { model, tokens, capabilities, conversation, takeKey, random: () => ports.ids.random() };
  const needs = { aliases, endpoints, prices, limits, ...about, nowMs: ports.clock.nowMs() };
  const route = await phase(exchange, 'route', () => choose(decision, needs, healthOf(ports.health, tenant.tenant)));
  if (!route.ok) return closeRefused(exchange, refuse(route.error), hangUp);

  // 9, 10. Record which endpoint, then call it.
  const opened = await dispatch(exchange, permit.value, cleared.value, route.value, hangUp);
  if (!opened.ok) return closeRefused(exchange, opened.error, hangUp);

  // 11, 12. Inspect, record, release: window by window; the last one under the outcome.
  return answer(exchange, permit.value, cleared.value, opened.value, hangUp);
}
