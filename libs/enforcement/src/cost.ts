import { priceVersionOf, type Rates, type Usage } from '@writ/domain';
import { costMicros, priceOf, ratesOf } from '@writ/routing';
import type { Exchange } from './exchange.js';

/** What the last attempt cost, in micro-units, and the price it was counted at. */
export interface Cost {
  readonly micros: string;
  /** The price's version and its rates, as the record keeps them. */
  readonly priceVersion: string | undefined;
}

/** Undefined when nothing was used. A price that is none by now counts as the worst case that was reserved, never as nothing. */
export function costOf(exchange: Exchange, usage: Usage | undefined): Cost | undefined {
  const last = exchange.attempts.at(-1);
  if (!usage || !last) return undefined;
  const price = priceOf(exchange.held.snapshot, last.endpoint, last.model, exchange.ask.receivedAt);
  const micros = price && costMicros(usage, price);
  const rates = price && ratesOf(price, usage.inputTokens);
  return {
    micros: micros === undefined ? (exchange.reservation?.worstCaseMicros ?? '0') : String(micros),
    priceVersion: price && rates && versionOf(price.version, rates),
  };
}

/** Spelled once for the rates of one price, which routing reads once. */
const versions = new WeakMap<Rates, string>();

function versionOf(version: string, rates: Rates): string {
  let spelled = versions.get(rates);
  if (spelled === undefined) versions.set(rates, (spelled = priceVersionOf(version, rates)));
  return spelled;
}
