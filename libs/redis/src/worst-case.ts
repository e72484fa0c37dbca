import { err, ok, type AliasCandidate, type Ask, type Price, type Result, type Snapshot } from '@writ/domain';

/** What a request may use at most. */
export interface WorstCase {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly micros: bigint;
}

/** When neither the caller nor the alias says how long an answer may be. */
const outputTokensUnsaid = 16_384;
const tokensPerMessage = 16;
/** An image of any provider costs less than this at its highest detail. */
const tokensPerAttachment = 8_192;
const million = 1_000_000n;

/**
 * An upper bound without a tokenizer: every token of a byte-level vocabulary is at least one byte of the request, whoever's
 * model it is. It only bounds; the provider's own count settles.
 */
export function inputTokensAtMost(ask: Ask): number {
  return (
    Buffer.byteLength(ask.source) +
    tokensPerMessage * (ask.leaves.length + 1) +
    tokensPerAttachment * ask.attachments.length
  );
}

/** The dearest candidate that the request could reach; one without a price is enough to refuse. */
export function worstCase(ask: Ask, snapshot: Snapshot): Result<WorstCase, 'price-unknown'> {
  const inputTokens = inputTokensAtMost(ask);
  let worst: WorstCase | undefined;
  for (const candidate of candidatesOf(ask.model, snapshot)) {
    const price = priceOf(candidate, snapshot.prices);
    const outputTokens = outputTokensAtMost(ask, candidate);
    const micros = price && costMicros(price, inputTokens, outputTokens);
    if (micros === undefined) return err('price-unknown');
    if (!worst || micros > worst.micros) worst = { inputTokens, outputTokens, micros };
  }
  // A model that nothing serves costs nothing; the router refuses it by name.
  return ok(worst ?? { inputTokens, outputTokens: outputTokensAtMost(ask), micros: 0n });
}

function outputTokensAtMost(ask: Ask, candidate?: AliasCandidate): number {
  if (ask.action === 'embed' || ask.action === 'count-tokens') return 0;
  const each = ask.maxOutputTokens ?? candidate?.contextLength ?? outputTokensUnsaid;
  return each * Math.max(1, ask.choices);
}

function candidatesOf(model: string, { aliases, endpoints }: Snapshot): readonly AliasCandidate[] {
  const alias = aliases.find(({ name }) => name === model);
  if (alias) return alias.candidates;
  return endpoints.filter(({ models }) => models.includes(model)).map(({ id }) => ({ endpoint: id, model, weight: 1 }));
}

function priceOf({ endpoint, model }: AliasCandidate, prices: readonly Price[]): Price | undefined {
  const ofModel = prices.filter((price) => price.model === model);
  return ofModel.find((price) => price.endpoint === endpoint) ?? ofModel.find((price) => price.endpoint === undefined);
}

/** Rounded up. A price that is not a whole number of micro-units, or negative, is no price. */
function costMicros(price: Price, inputTokens: number, outputTokens: number): bigint | undefined {
  const [input, output] = [microsOf(price.inputMicrosPerMillion), microsOf(price.outputMicrosPerMillion)];
  if (input === undefined || output === undefined) return undefined;
  return (BigInt(inputTokens) * input + BigInt(outputTokens) * output + million - 1n) / million;
}

export function microsOf(text: string): bigint | undefined {
  return /^\d{1,18}$/.test(text) ? BigInt(text) : undefined;
}
