import type { EndpointId, Price, Snapshot, Usage } from '@writ/domain';

/** The price of a model at an endpoint: the endpoint's own before the model's general one. */
export function priceOf(snapshot: Snapshot, endpoint: EndpointId, model: string): Price | undefined {
  const prices = snapshot.prices.filter((price) => price.model === model);
  return prices.find((price) => price.endpoint === endpoint) ?? prices.find((price) => price.endpoint === undefined);
}

/** Micro-units, rounded up, as a decimal string. Cached and reasoning tokens are parts of input and output. */
export function costMicros(usage: Usage, price: Price | undefined): string {
  if (!price) return '0';
  const million = 1_000_000n;
  const micros =
    BigInt(usage.inputTokens) * BigInt(price.inputMicrosPerMillion) +
    BigInt(usage.outputTokens) * BigInt(price.outputMicrosPerMillion);
  return String((micros + million - 1n) / million);
}
