/** What a million tokens of each kind cost, in micro-units. */
export interface Rates {
  readonly input: bigint;
  readonly output: bigint;
  readonly cacheRead: bigint;
  readonly cacheWrite: bigint;
  readonly reasoning: bigint;
}

/**
 * How a record names the price it was counted at: the price's version, and after `@` its five rates, so that whoever reads
 * the record can count again without any other document.
 */
export function priceVersionOf(version: string, rates: Rates): string {
  const { input, output, cacheRead, cacheWrite, reasoning } = rates;
  return `${version}@${[input, output, cacheRead, cacheWrite, reasoning].join('/')}`;
}

/** Undefined when the text names no rates. */
export function parsePriceVersion(text: string): { readonly version: string; readonly rates: Rates } | undefined {
  const found = /^(?<version>.*)@(\d{1,18})\/(\d{1,18})\/(\d{1,18})\/(\d{1,18})\/(\d{1,18})$/s.exec(text);
  if (!found) return undefined;
  const [input, output, cacheRead, cacheWrite, reasoning] = found.slice(2).map(BigInt);
  return {
    version: found[1]!,
    rates: { input: input!, output: output!, cacheRead: cacheRead!, cacheWrite: cacheWrite!, reasoning: reasoning! },
  };
}
