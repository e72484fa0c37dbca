import {
  err,
  limits,
  ok,
  refuse,
  unreachable,
  type AnswerEvent,
  type Permit,
  type Refusal,
  type Result,
} from '@writ/domain';
import type { ClearedPrompt } from '@writ/classification';
import type { DecisionRecord, DispatchRecord, Receipt } from '@writ/ledger';
import { healthOf, type Attempt, type ProviderFault, type Route } from '@writ/routing';
import { commit, phase, type Exchange } from './exchange.js';
import type { ProviderAnswer, ProviderFailure } from './ports.js';
import { dispatchRecord } from './records.js';

/** An upstream that has begun to answer: its first content is here, so another endpoint is no longer tried. */
export interface Opened {
  readonly attempt: Attempt;
  readonly answer: ProviderAnswer;
  readonly head: readonly AnswerEvent[];
  readonly rest: AsyncIterator<AnswerEvent>;
  /** Ends the upstream's request at once, wherever it is. */
  stop(): void;
}

/**
 * Steps 9 and 10: endpoint after endpoint of the route, each recorded before data leaves where a record is due, until one
 * has begun to answer. Nothing was released yet, so a broken upstream is followed by the next one.
 */
export async function dispatch(
  exchange: Exchange,
  permit: Receipt<DecisionRecord<Permit>>,
  prompt: ClearedPrompt,
  route: Route,
  hangUp: AbortSignal,
): Promise<Result<Opened, Refusal>> {
  const { clock } = exchange.ports;
  const health = healthOf(exchange.ports.health, exchange.tenant.tenant);
  let fault: ProviderFault | undefined;
  for (let attempt = route.next(undefined, clock.nowMs()); attempt; attempt = route.next(fault, clock.nowMs())) {
    // A retry waits a random moment, so that the callers of a failing endpoint do not return to it together.
    if (attempt.delayMs !== undefined) await clock.after(attempt.delayMs).elapsed;
    if (hangUp.aborted) break;
    const recorded = mustBeRecorded(exchange, attempt)
      ? await recordDispatch(exchange, permit, attempt, prompt)
      : unrecorded;
    if (!recorded.ok) return recorded;
    const from = clock.monotonicMs();
    const opened = await phase(exchange, 'upstream', () =>
      open(exchange, permit, attempt, prompt, recorded.value, hangUp),
    );
    const milliseconds = Math.round(clock.monotonicMs() - from);
    if (!hangUp.aborted)
      health.report(
        attempt.endpoint.id,
        attempt.key?.id,
        opened.ok ? undefined : opened.error,
        milliseconds,
        clock.nowMs(),
      );
    noteAttempt(exchange, attempt, opened, milliseconds);
    if (opened.ok) return opened;
    fault = opened.error;
    if (hangUp.aborted) break;
  }
  return err(fault ? refusalOf(fault) : refuse('no-healthy-endpoint'));
}

/** Before a second endpoint always; before the first where a class the tenant calls sensitive was found. */
function mustBeRecorded({ classification, held }: Exchange, attempt: Attempt): boolean {
  const found = classification?.classes ?? {};
  const sensitive = held.snapshot.evidence.dispatchClasses.some((name) => found[name] !== undefined);
  return attempt.number > 1 || sensitive;
}

const unrecorded = ok(undefined);

async function recordDispatch(
  exchange: Exchange,
  permit: Receipt<DecisionRecord<Permit>>,
  attempt: Attempt,
  prompt: ClearedPrompt,
): Promise<Result<Receipt<DispatchRecord>, Refusal>> {
  const committed = await commit(exchange, dispatchRecord(exchange, permit.leafHash, attempt, prompt), 'committed');
  if (committed.ok) exchange.dispatchLeaves.push(committed.value.leafHash);
  return committed;
}

async function open(
  exchange: Exchange,
  permit: Receipt<DecisionRecord<Permit>>,
  attempt: Attempt,
  prompt: ClearedPrompt,
  recorded: Receipt<DispatchRecord> | undefined,
  hangUp: AbortSignal,
): Promise<Result<Opened, ProviderFault>> {
  const ours = new AbortController();
  // Not `AbortSignal.any`: a signal of signals costs a finalizer for every request.
  if (hangUp.aborted) ours.abort(hangUp.reason);
  else hangUp.addEventListener('abort', () => ours.abort(hangUp.reason), { once: true });
  const { obligations } = permit.record.decision;
  const called = await exchange.ports.providers.call(permit, attempt.endpoint, prompt, {
    model: attempt.model,
    key: attempt.key,
    log: exchange.held.log,
    dispatch: recorded,
    maxOutputTokens: outputLimit(exchange, attempt, obligations.maxOutputTokens),
    signal: ours.signal,
  });
  if (!called.ok) return called;
  const rest = called.value.events[Symbol.asyncIterator]();
  const whole = !exchange.ask.stream || obligations.response.mode === 'full';
  const head = await readHead(rest, whole);
  if (head.ok) return ok({ attempt, answer: called.value, head: head.value, rest, stop: () => ours.abort() });
  ours.abort();
  return head;
}

/** The lower of what policy obliges and what a hard budget has reserved for: a longer answer would pass the budget. */
function outputLimit(exchange: Exchange, attempt: Attempt, obliged: number | undefined): number | undefined {
  const reserved = exchange.reservation?.outputLimits.find(
    ({ endpoint, model }) => endpoint === attempt.endpoint.id && model === attempt.model,
  )?.tokens;
  if (obliged === undefined || reserved === undefined) return obliged ?? reserved;
  return Math.min(obliged, reserved);
}

/** Reads up to the first content, or the whole answer where it is released whole: until then another endpoint may serve. */
async function readHead(
  events: AsyncIterator<AnswerEvent>,
  whole: boolean,
): Promise<Result<readonly AnswerEvent[], ProviderFault>> {
  const head: AnswerEvent[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true)
        return err({ class: 'broken-stream', detail: 'the answer ended before its end was announced' });
      head.push(next.value);
      bytes += next.value.source?.json.length ?? 0;
      if (bytes > limits.upstreamBodyBytes)
        return err({ class: 'broken-stream', detail: 'the answer is larger than the limit' });
      if (next.value.terminal || (!whole && next.value.parts.some(isContent))) return ok(head);
    }
  } catch (error) {
    if (isProviderFailure(error)) return err(error.fault);
    throw error;
  }
}

function isContent(part: AnswerEvent['parts'][number]): boolean {
  switch (part.kind) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return part.text !== '';
    case 'tool-call':
    case 'finish':
    case 'embedding':
      return true;
    case 'start':
    case 'usage':
      return false;
    default:
      return unreachable(part);
  }
}

export function isProviderFailure(error: unknown): error is ProviderFailure {
  return error instanceof Error && 'fault' in error && typeof error.fault === 'object' && error.fault !== null;
}

function noteAttempt(
  exchange: Exchange,
  attempt: Attempt,
  opened: Result<Opened, ProviderFault>,
  milliseconds: number,
): void {
  const status = opened.ok ? opened.value.answer.status : opened.error.status;
  const upstreamRequestId = opened.ok ? opened.value.answer.upstreamRequestId : opened.error.upstreamRequestId;
  exchange.attempts.push({
    attempt: attempt.number,
    endpoint: attempt.endpoint.id,
    model: attempt.model,
    result: opened.ok ? 'answered' : opened.error.class,
    reason: attempt.reason,
    ...(attempt.key === undefined ? {} : { key: attempt.key.id }),
    milliseconds,
    ...(status === undefined ? {} : { status }),
    ...(upstreamRequestId === undefined ? {} : { upstreamRequestId }),
  });
}

/** What the caller is told when the last attempt failed like this. */
export function refusalOf(fault: ProviderFault): Refusal {
  const more = {
    detail: fault.class,
    ...(fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds }),
  };
  switch (fault.class) {
    case 'rate-limited':
      return refuse('provider-rate-limited', more);
    case 'credential':
      return refuse('provider-credential', more);
    case 'billing':
      return refuse('provider-billing', more);
    case 'unavailable':
      return refuse('provider-unavailable', more);
    case 'context-too-long':
      return refuse('context-too-long', more);
    case 'malformed':
    case 'filtered':
      return refuse('provider-rejected', more);
    case 'not-found':
      return refuse('model-unknown', more);
    case 'broken-stream':
      return refuse('provider-protocol', more);
    default:
      return unreachable(fault.class);
  }
}
