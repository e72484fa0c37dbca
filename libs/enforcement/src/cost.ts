import type { Price, Usage } from '@writ/domain';
import { costMicros, priceOf } from '@writ/routing';
import type { Exchange } from './exchange.js';

/** What the last attempt cost, in micro-units, and the price it was counted at. */
export interface Cost {
  readonly micros: string;
  readonly price: Price | undefined;
}

/** Undefined when nothing was used. A price that is none by now counts as the worst case that was reserved, never as nothing. */
export function costOf(exchange: Exchange, usage: Usage | undefined): Cost | undefined {
  const last = exchange.attempts.at(-1);
  if (!usage || !last) return undefined;
  const price = priceOf(exchange.held.snapshot, last.endpoint, last.model, exchange.ask.receivedAt);
  const micros = price && costMicros(usage, price);
  return { micros: micros === undefined ? (exchange.reservation?.worstCaseMicros ?? '0') : String(micros), price };
}
