import type { EndpointId, Price, Rates, Snapshot, Usage } from '@writ/domain';

const million = 1_000_000n;

/** The version of a price that is nobody's: the dearest of the tenant, for a model that has none. */
export const unpricedVersion = 'unpriced-at-dearest';

/**
 * The price of a model at an endpoint at one moment: the endpoint's own before the model's general one, and of each the
 * latest that has begun. A model without one costs the tenant's dearest where the tenant wants that, and otherwise has
 * no price, which is a refusal.
 */
export function priceOf(
  { prices, unpricedModels }: Pick<Snapshot, 'prices' | 'unpricedModels'>,
  endpoint: EndpointId,
  model: string,
  atMs: number,
): Price | undefined {
  let own: Price | undefined;
  let general: Price | undefined;
  for (const price of prices) {
    if (price.model !== model || (price.validFrom ?? 0) > atMs) continue;
    if (price.endpoint === endpoint) own = later(own, price);
    else if (price.endpoint === undefined) general = later(general, price);
  }
  const found = own ?? general;
  if (found || unpricedModels !== 'dearest') return found;
  return dearest(
    prices.filter((price) => (price.validFrom ?? 0) <= atMs),
    model,
  );
}

/** Of two that begin at once the one behind. */
function later(best: Price | undefined, price: Price): Price {
  return best && (best.validFrom ?? 0) > (price.validFrom ?? 0) ? best : price;
}

/** The dearest rate of each kind, so that no real price of the tenant's can be above it. */
function dearest(prices: readonly Price[], model: string): Price | undefined {
  let input: bigint | undefined;
  let output: bigint | undefined;
  for (const price of prices) {
    const read = readOf(price, Infinity);
    if (!read) return undefined;
    if (input === undefined || read.dearestInput > input) input = read.dearestInput;
    if (output === undefined || read.dearestOutput > output) output = read.dearestOutput;
  }
  if (input === undefined || output === undefined) return undefined;
  return {
    model,
    inputMicrosPerMillion: String(input),
    outputMicrosPerMillion: String(output),
    version: unpricedVersion,
  };
}

/**
 * What was used costs this many micro-units, rounded up; undefined when the price is none. Cached and reasoning tokens are
 * parts of input and output, and a provider that reports a part larger than the whole is charged for the part.
 */
export function costMicros(usage: Usage, price: Price): bigint | undefined {
  const rates = ratesOf(price, usage.inputTokens);
  if (!rates) return undefined;
  const [read, write, thought] = [usage.cacheReadTokens, usage.cacheWriteTokens, usage.reasoningTokens].map(BigInt);
  const plainInput = atLeastZero(BigInt(usage.inputTokens) - read! - write!);
  const plainOutput = atLeastZero(BigInt(usage.outputTokens) - thought!);
  return perMillion(
    plainInput * rates.input +
      read! * rates.cacheRead +
      write! * rates.cacheWrite +
      plainOutput * rates.output +
      thought! * rates.reasoning,
  );
}

/** The most that so many tokens can cost, whatever part of them is cached or thinking; undefined when the price is none. */
export function costAtMost(price: Price, inputTokens: number, outputTokens: number): bigint | undefined {
  const read = readOf(price, inputTokens);
  if (!read) return undefined;
  return perMillion(BigInt(inputTokens) * read.dearestInput + BigInt(outputTokens) * read.dearestOutput);
}

/** Whole micro-units, not negative; anything else is no amount. */
export function microsOf(text: string): bigint | undefined {
  return /^\d{1,18}$/.test(text) ? BigInt(text) : undefined;
}

/** The rates that so many tokens of input are counted at; undefined when any of them is no amount. */
export function ratesOf(price: Price, inputTokens: number): Rates | undefined {
  return readOf(price, inputTokens)?.rates;
}

/** What the texts of a price say, and the dearest that a token of each direction can be. */
interface ReadPrice {
  readonly rates: Rates;
  readonly dearestInput: bigint;
  readonly dearestOutput: bigint;
}

/** Read once, for any request and for a long one: a price lives as long as the snapshot it stands in, and never changes. */
const known = new WeakMap<Price, { readonly plain: ReadPrice | undefined; readonly long: ReadPrice | undefined }>();

function readOf(price: Price, inputTokens: number): ReadPrice | undefined {
  const { longContext } = price;
  let both = known.get(price);
  if (!both) {
    const plain = readPrice(price);
    both = { plain, long: longContext ? readPrice({ ...price, ...longContext }) : plain };
    known.set(price, both);
  }
  return longContext && inputTokens > longContext.aboveTokens ? both.long : both.plain;
}

function readPrice(price: Price): ReadPrice | undefined {
  const rates = readRates(price);
  if (!rates) return undefined;
  const dearestInput = highest(rates.input, rates.cacheRead, rates.cacheWrite);
  return { rates, dearestInput, dearestOutput: highest(rates.output, rates.reasoning) };
}

function readRates(price: Price): Rates | undefined {
  const [input, output] = [microsOf(price.inputMicrosPerMillion), microsOf(price.outputMicrosPerMillion)];
  const read = (text: string | undefined, whole: bigint | undefined): bigint | undefined =>
    text === undefined ? whole : microsOf(text);
  const cacheRead = read(price.cacheReadMicrosPerMillion, input);
  const cacheWrite = read(price.cacheWriteMicrosPerMillion, input);
  const reasoning = read(price.reasoningMicrosPerMillion, output);
  if (input === undefined || output === undefined) return undefined;
  if (cacheRead === undefined || cacheWrite === undefined || reasoning === undefined) return undefined;
  return { input, output, cacheRead, cacheWrite, reasoning };
}

function highest(...rates: readonly bigint[]): bigint {
  return rates.reduce((most, rate) => (rate > most ? rate : most), 0n);
}

function atLeastZero(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}

function perMillion(amount: bigint): bigint {
  return (amount + million - 1n) / million;
}
