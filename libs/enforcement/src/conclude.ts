import { limits, refuse, type Ask, type Deny, type Permit, type Refusal, type Usage } from '@writ/domain';
import { inspectAnswer, inspectLongAnswer, type ClearedPrompt, type LongAnswerInspector } from '@writ/classification';
import type { DecisionRecord, Receipt } from '@writ/ledger';
import { AnswerRelease, type Step } from './answer.js';
import { close, resultOf, settle } from './close.js';
import type { Opened } from './dispatch.js';
import { commit, type Exchange } from './exchange.js';
import type { AnswerEncoder, Held, Ports } from './ports.js';
import { answerReading } from './reading-time.js';
import { decisionRecord } from './records.js';
import { release, type Released } from './release.js';
import { usageAtMost } from './tally.js';

/** What `enforce` gives the door: a refusal, or an answer whose first window is already released. */
export type Enforced =
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly about: About }
  /** An evaluation: the decision is the whole answer, released under the receipt of its outcome. */
  | { readonly kind: 'decided'; readonly about: About; readonly released: Released }
  | {
      readonly kind: 'answered';
      readonly about: About;
      readonly contentType: string;
      readonly encoder: AnswerEncoder;
      readonly first: Step;
      readonly rest: AsyncGenerator<Step, void, undefined>;
    };

/** For the response's headers: ids and names, no content. */
export interface About {
  readonly decisionId?: string;
  readonly receipt?: string;
  readonly rules?: readonly string[];
  readonly effect?: 'permit' | 'redact' | 'deny';
  readonly classes?: readonly string[];
  readonly policy?: string;
  readonly snapshotVersion?: number;
  readonly endpoint?: string;
  readonly limits?: Readonly<Record<string, string>>;
  readonly phasesMs?: Readonly<Record<string, number>>;
  /** Transparency marks that the policy obliges, such as that of the EU AI Act's article 50. */
  readonly markers?: readonly string[];
}

/** Before a tenant is known: counted for the platform's log, so that an anonymous flood cannot fill a tenant's ledger. */
export function turnAway(ports: Ports, ask: Ask, refusal: Refusal): Enforced {
  ports.security.refused(refusal, ask.clientAddress);
  return { kind: 'refused', refusal, about: {} };
}

/** A deny with the refusal that it is answered with. */
export interface Denial {
  readonly decision: Deny;
  readonly refusal: Refusal;
}

/** A deny that policy itself did not speak: limits, suspension, a stale snapshot, an obligation that cannot be fulfilled. */
export function denial(held: Held, refusal: Refusal, permitted?: Permit): Denial {
  const { name, version, hash } = held.policy.image;
  const decision: Deny = {
    effect: 'deny',
    code: refusal.code,
    reason: refusal.message ?? refusal.detail ?? refusal.code,
    policy: permitted?.policy ?? { name, version, hash, engine: 'none' },
    matched: permitted?.matched ?? [],
    factsHash: permitted?.factsHash ?? '',
    catalogueHash: held.policy.catalogueHash,
  };
  return { decision, refusal };
}

export function refusalOfDeny(decision: Deny): Refusal {
  if (decision.code === 'classification-incomplete') return refuse('classification-incomplete');
  return refuse('policy-denied', { detail: decision.code, message: decision.reason });
}

/** Records the deny, then refuses. A deny that cannot be recorded is answered as `ledger-unavailable`, not as a deny. */
export async function deny(exchange: Exchange, { decision, refusal }: Denial): Promise<Enforced> {
  const committed = await commit(
    exchange,
    decisionRecord(exchange, decision, undefined, refusal.code),
    exchange.held.snapshot.evidence.level,
  );
  exchange.closed = true;
  settle(exchange);
  if (!committed.ok) return refused(exchange, committed.error);
  const about = {
    ...aboutOf(exchange),
    decisionId: committed.value.record.id,
    receipt: committed.value.leafHash,
    rules: decision.matched,
    effect: 'deny' as const,
  };
  return { kind: 'refused', refusal, about };
}

/** The permit could not be made durable: nothing was sent, and nothing will be. */
export function refuseUnrecorded(exchange: Exchange, refusal: Refusal): Enforced {
  exchange.closed = true;
  settle(exchange);
  return refused(exchange, refusal);
}

/** Closes a permitted request that got no answer, then refuses. */
export async function closeRefused(exchange: Exchange, refusal: Refusal, hangUp: AbortSignal): Promise<Enforced> {
  const usage = unreportedUsage(exchange, hangUp);
  const closed = await close(exchange, {
    result: resultOf(refusal, hangUp),
    refusal,
    handedToSocketBytes: 0,
    ...(usage === undefined ? {} : { usage }),
  });
  return refused(exchange, closed.ok ? refusal : closed.error);
}

/**
 * Answers an evaluation: the caller calls the model itself, so the decision is closed here as `decision-only`, and told
 * only once that is durable. Nothing was dispatched, so nothing is spent.
 */
export async function handOver(
  exchange: Exchange,
  permit: Receipt<DecisionRecord<Permit>>,
  prompt: ClearedPrompt,
): Promise<Enforced> {
  const outcome = await close(exchange, { result: 'decision-only', handedToSocketBytes: 0 });
  if (!outcome.ok) return refused(exchange, outcome.error);
  const { record, leafHash } = permit;
  const bytes = exchange.ports.dialects.handedOver({
    decisionId: record.id,
    receipt: leafHash,
    permit: record.decision,
    prompt,
  });
  return { kind: 'decided', about: aboutOf(exchange), released: release(bytes, outcome.value) };
}

/**
 * What a provider may have used for an answer that never arrived. A caller who hangs up while a whole answer is written, or
 * an answer that breaks off, is charged for the most that was reserved: otherwise hanging up would be free.
 */
function unreportedUsage({ ask, attempts, reservation }: Exchange, hangUp: AbortSignal): Usage | undefined {
  const last = attempts.at(-1);
  if (!last || (!hangUp.aborted && last.result !== 'broken-stream')) return undefined;
  const limit =
    ask.maxOutputTokens ??
    reservation?.outputLimits.find(({ endpoint, model }) => endpoint === last.endpoint && model === last.model)?.tokens;
  return usageAtMost(ask, ask.stream ? 0 : (limit ?? 0) * Math.max(1, ask.choices));
}

/** Waits for the first window, so that every earlier failure is still a clean status code. */
export async function answer(
  exchange: Exchange,
  permit: Receipt<DecisionRecord<Permit>>,
  prompt: ClearedPrompt,
  opened: Opened,
  hangUp: AbortSignal,
): Promise<Enforced> {
  const { ask, ports } = exchange;
  const encoder = ports.dialects.encoder(ask, opened.attempt.model);
  const inspector = inspectorOf(exchange, permit, prompt);
  const rest = new AnswerRelease(exchange, opened, encoder, inspector, hangUp).steps();
  const first = await rest.next();
  if (first.done === true) throw new Error('an answer has at least one step');
  if (first.value.kind === 'failure') {
    await rest.return();
    return refused(exchange, first.value.refusal);
  }
  const about = {
    ...aboutOf(exchange),
    receipt: first.value.released.receipt?.leafHash ?? '',
    endpoint: opened.attempt.endpoint.id,
  };
  return { kind: 'answered', about, contentType: encoder.contentType, encoder, first: first.value, rest };
}

/** Long words of an answer are read on the threads that read long prompts, where there are any. */
function inspectorOf(
  { held, ports: { classifier, clock } }: Exchange,
  { record: { decision } }: Receipt<DecisionRecord<Permit>>,
  prompt: ClearedPrompt,
): LongAnswerInspector {
  const { spent, remainingMs, ...time } = answerReading(clock);
  const options = { digestKey: held.digestKey, attachments: [], ...time };
  if (classifier.readAnswer === undefined) return inspectAnswer(decision.obligations, prompt, held.taxonomy, options);
  const readAnswer = classifier.readAnswer.bind(classifier);
  return inspectLongAnswer(decision.obligations, prompt, held.taxonomy, {
    ...options,
    inlineCharacters: limits.classificationInlineCharacters,
    async elsewhere(text) {
      const read = await readAnswer(text, held, remainingMs());
      if (read.ok) spent(read.value.spentMs);
      return read;
    },
  });
}

function refused(exchange: Exchange, refusal: Refusal): Enforced {
  return { kind: 'refused', refusal, about: aboutOf(exchange) };
}

function aboutOf(exchange: Exchange): About {
  const { held, permit, classification, reservation } = exchange;
  const decision = permit?.record.decision;
  const standing =
    reservation?.mode === 'degraded' ? { ...reservation.headers, 'x-limit-mode': 'degraded' } : reservation?.headers;
  return {
    ...(permit === undefined ? {} : { decisionId: permit.record.id, receipt: permit.leafHash }),
    ...(decision === undefined
      ? {}
      : {
          markers: decision.obligations.response.markers,
          rules: decision.matched,
          effect: decision.obligations.redactions.length > 0 ? ('redact' as const) : ('permit' as const),
        }),
    classes: Object.keys(classification?.classes ?? {}).toSorted(),
    policy: `${held.policy.image.name}@${held.policy.image.version}`,
    snapshotVersion: held.snapshot.version,
    ...(standing === undefined ? {} : { limits: standing }),
    phasesMs: exchange.phasesMs,
  };
}

/** A step threw: a bug or a broken machine. The decision is closed as indeterminate, and the caller is refused. */
export async function abandon(exchange: Exchange): Promise<Enforced> {
  if (exchange.permit && !exchange.closed)
    await close(exchange, { result: 'indeterminate', refusal: refuse('internal'), handedToSocketBytes: 0 });
  else if (!exchange.closed) settle(exchange);
  return refused(exchange, refuse('internal'));
}
