import { notRead } from '@writ/classification';
import type { Refusal, Result } from '@writ/domain';
import type { Exchange } from './exchange.js';
import { estimateTokens } from './facts.js';
import type { Place } from './ports.js';

/**
 * Why this request is refused before its text is read, if it is: its tenant has too many that are undecided, or the counters
 * said a moment ago that they have no room, and until when. The record then says that nothing was read, never that nothing was
 * found.
 */
export function refusedUnread(exchange: Exchange, entered: Result<Place, Refusal>): Refusal | undefined {
  const { ask, ports, subject, tenant, held } = exchange;
  const refusal = entered.ok
    ? ports.limits.knownRefusal?.(tenant, subject, ask, held.snapshot, estimateTokens(ask))
    : entered.error;
  if (refusal) exchange.classification = notRead(held.taxonomy, `unread:${refusal.code}`);
  return refusal;
}
