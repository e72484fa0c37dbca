import type { Refusal, Result, Usage } from '@writ/domain';
import type { OutcomeRecord, OutcomeResult, Receipt } from '@writ/ledger';
import { commit, evidenceLevel, type Exchange } from './exchange.js';
import { outcomeRecord, type Closing } from './records.js';

/**
 * Commits the outcome that closes the permit's decision, and settles the reservation. A decision is closed once; the
 * commit does not depend on the caller still being there.
 */
export async function close(exchange: Exchange, closing: Closing): Promise<Result<Receipt<OutcomeRecord>, Refusal>> {
  const { permit } = exchange;
  if (!permit || exchange.closed) throw new Error('a decision is closed once, after its permit was committed');
  exchange.closed = true;
  const outcome = outcomeRecord(exchange, permit.leafHash, closing);
  const committed = await commit(exchange, outcome, evidenceLevel(exchange));
  settle(exchange, closing.usage, outcome.costMicros);
  return committed;
}

/** Settling may take its time: the reservation is a lease, so nobody waits for it and a crash here blocks nobody. */
export function settle(exchange: Exchange, usage?: Usage, costMicros = '0'): void {
  if (!exchange.reservation) return;
  void exchange.ports.limits.settle(exchange.tenant, exchange.reservation, usage, costMicros);
}

/** What the outcome says when an answer could not be given for this reason. */
export function resultOf(refusal: Refusal, hangUp: AbortSignal): OutcomeResult {
  if (hangUp.aborted) return 'caller-disconnected';
  switch (refusal.code) {
    case 'answer-withheld':
      return 'answer-withheld';
    case 'ledger-unavailable':
    case 'ledger-backpressure':
    case 'ledger-integrity-hold':
      return 'ledger-unavailable';
    case 'no-authorized-endpoint':
    case 'no-capable-endpoint':
    case 'no-healthy-endpoint':
      return 'not-dispatched';
    default:
      return refusal.code.startsWith('provider-') ||
        refusal.code === 'context-too-long' ||
        refusal.code === 'model-unknown'
        ? 'upstream-error'
        : 'indeterminate';
  }
}
