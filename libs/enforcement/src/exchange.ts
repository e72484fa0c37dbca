import { createHmac } from 'node:crypto';
import {
  limits,
  type Ask,
  type Classification,
  type EvidenceLevel,
  type Obligations,
  type Permit,
  type Refusal,
  type Result,
  type Subject,
  type TenantContext,
  refuse,
} from '@writ/domain';
import type { Tried } from '@writ/classification';
import type { AttemptSummary, DecisionRecord, LedgerRecord, Receipt } from '@writ/ledger';
import type { DescribedFacts } from '@writ/policy';
import type { Held, Place, Ports, Reservation, ReviewedAs } from './ports.js';

/** One request under way: who asked, under which snapshot, and what has been recorded so far. */
export interface Exchange {
  readonly ask: Ask;
  readonly ports: Ports;
  readonly subject: Subject;
  readonly tenant: TenantContext;
  readonly held: Held;
  /** Among the tenant's undecided requests; it is left as soon as nothing but waiting is left to be decided. */
  readonly place: Place | undefined;
  readonly startedMs: number;
  readonly phasesMs: Record<string, number>;
  /** Filled in as the steps are taken. */
  classification: Classification | undefined;
  /** Undefined for the requests, most of them, that no taxonomy is tried on. */
  trial: TaxonomyTrial | undefined;
  reservation: Reservation | undefined;
  /** What reviews said when it was decided; undefined before. */
  reviewed: ReviewedAs | undefined;
  facts: DescribedFacts | undefined;
  permit: Receipt<DecisionRecord<Permit>> | undefined;
  readonly dispatchLeaves: string[];
  readonly attempts: AttemptSummary[];
  /** True once the outcome is committed (or was tried): a decision is closed once. */
  closed: boolean;
}

/** A request that is read by the taxonomy on trial, too. */
export interface TaxonomyTrial {
  /** The candidate's version. */
  readonly version: string;
  /** What came of it; undefined while it is being read. */
  readonly tried: Tried | undefined;
  /** Resolves when `tried` is there. Never rejects. */
  readonly ended: Promise<void>;
}

/** Who asks under which snapshot, since when, and with which place among the undecided. */
export type Begun = Pick<Exchange, 'subject' | 'tenant' | 'held' | 'place' | 'startedMs'>;

export function beginExchange(ask: Ask, ports: Ports, begun: Begun): Exchange {
  return {
    ask,
    ports,
    ...begun,
    phasesMs: { wait: milliseconds(ports.clock.monotonicMs() - begun.startedMs) },
    classification: undefined,
    trial: undefined,
    reservation: undefined,
    reviewed: undefined,
    facts: undefined,
    permit: undefined,
    dispatchLeaves: [],
    attempts: [],
    closed: false,
  };
}

/**
 * Runs one step and keeps its duration for the record: the overhead is ours, and it is shown. A step that waits for nothing
 * makes nobody wait.
 */
export function phase<T>(exchange: Exchange, name: string, step: () => Promise<T>): Promise<T>;
export function phase<T>(exchange: Exchange, name: string, step: () => Promise<T> | T): Promise<T> | T;
export function phase<T>(exchange: Exchange, name: string, step: () => Promise<T> | T): Promise<T> | T {
  const { clock } = exchange.ports;
  const from = clock.monotonicMs();
  const taken = step();
  if (taken instanceof Promise) return waited(exchange, name, from, taken);
  addPhase(exchange, name, clock.monotonicMs() - from);
  return taken;
}

async function waited<T>(exchange: Exchange, name: string, from: number, taken: Promise<T>): Promise<T> {
  try {
    return await taken;
  } finally {
    addPhase(exchange, name, exchange.ports.clock.monotonicMs() - from);
  }
}

export function addPhase({ phasesMs }: Exchange, name: string, spentMs: number): void {
  phasesMs[name] = milliseconds((phasesMs[name] ?? 0) + spentMs);
}

/** To the microsecond. */
function milliseconds(exact: number): number {
  return Math.round(exact * 1_000) / 1_000;
}

const strictness: Record<EvidenceLevel, number> = { committed: 0, receipted: 1, witnessed: 2 };

/** The stricter of what the tenant and the policy's obligation ask for. */
export function evidenceLevel({ held, permit }: Exchange, obligations?: Obligations): EvidenceLevel {
  const asked = (obligations ?? permit?.record.decision.obligations)?.evidence ?? 'committed';
  const tenants = held.snapshot.evidence.level;
  return strictness[asked] > strictness[tenants] ? asked : tenants;
}

/** In mode `terminal` a window leaves once its record is durable; only the end of the answer waits for stronger evidence. */
export function segmentLevel(exchange: Exchange): EvidenceLevel {
  const mode = exchange.permit?.record.decision.obligations.response.mode;
  return mode === 'terminal' ? 'committed' : evidenceLevel(exchange);
}

/** Commits one record of this exchange; whatever the ledger refuses becomes the refusal the caller gets. */
export async function commit<R extends LedgerRecord>(
  exchange: Exchange,
  record: R,
  level: EvidenceLevel,
): Promise<Result<Receipt<R>, Refusal>> {
  const { ledger, clock, ids } = exchange.ports;
  const deadlineMs = commitDeadlineMs(exchange, record);
  const from = clock.monotonicMs();
  const slow = leaveWhereSlow(exchange, level);
  try {
    const committed = await ledger.commit(exchange.held.log, record, { level, deadlineMs });
    if (committed.ok) return committed;
    return { ok: false, error: refuse(committed.error, { retryAfterSeconds: 1 + Math.floor(ids.random() * 4) }) };
  } finally {
    slow?.cancel();
    addPhase(exchange, 'commit', clock.monotonicMs() - from);
  }
}

/**
 * A head or a witness takes seconds, and a database that is out a second: nobody else of the tenant waits for that. What waits to
 * be written has a bound of its own.
 */
function leaveWhereSlow({ place, permit, ports }: Exchange, level: EvidenceLevel): { cancel(): void } | undefined {
  // With the permit it was left.
  if (!place || permit) return undefined;
  if (level !== 'committed') {
    place.leave();
    return undefined;
  }
  const slow = ports.clock.after(limits.undecidedCommitMs);
  void slow.elapsed.then(() => place.leave());
  return slow;
}

/** A caller waits a second at most for a decision, counted from where its turn came: what was spent since is taken off. */
function commitDeadlineMs(exchange: Exchange, record: LedgerRecord): number {
  if (record.kind === 'dispatch') return limits.decisionCommitMs;
  if (record.kind !== 'decision') return limits.outcomeCommitMs;
  // The wait for its turn, and for a review that the policy wishes, have bounds of their own.
  const { startedMs, phasesMs } = exchange;
  const waitedMs = (phasesMs['wait'] ?? 0) + (phasesMs['review'] ?? 0);
  const spentMs = exchange.ports.clock.monotonicMs() - startedMs - waitedMs;
  return Math.max(limits.decisionCommitMs / 4, limits.decisionCommitMs - spentMs);
}

const conversationKeys = new WeakMap<Subject, { readonly digestKey: Uint8Array; readonly key: Uint8Array }>();

/**
 * Key of the tokens that stand for values in this conversation; never leaves the process. Where no conversation is named, it is
 * the subject's, made once: identity gives the same object as long as the same token comes.
 */
export function conversationKey({ ask, subject, held }: Exchange): Uint8Array {
  if (ask.conversation !== undefined) return keyOf(held.digestKey, subject, ask.conversation);
  const known = conversationKeys.get(subject);
  if (known?.digestKey === held.digestKey) return known.key;
  const key = keyOf(held.digestKey, subject, '');
  conversationKeys.set(subject, { digestKey: held.digestKey, key });
  return key;
}

function keyOf(digestKey: Uint8Array, { issuer, id }: Subject, conversation: string): Uint8Array {
  return createHmac('sha256', digestKey).update(`writ/conversation\0${issuer}\0${id}\0${conversation}`).digest();
}
