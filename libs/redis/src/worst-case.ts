import {
  err,
  ok,
  type AliasCandidate,
  type Ask,
  type Attachment,
  type EndpointId,
  type Result,
  type Snapshot,
} from '@writ/domain';
import { costAtMost, priceOf, unpricedVersion } from '@writ/routing';

/** What a request may use at most. */
export interface WorstCase {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly micros: bigint;
  /** False where a candidate has no price of its own and was taken for the dearest. */
  readonly priced: boolean;
  /** What one answer of each candidate may be long, where the caller did not say: sent upstream, it holds the reservation. */
  readonly outputLimits: readonly OutputLimit[];
}

/** The longest answer of one candidate that was reserved for. */
export interface OutputLimit {
  readonly endpoint: EndpointId;
  readonly model: string;
  readonly tokens: number;
}

/** When nobody says how long an answer may be: neither the caller nor the price book nor the alias. */
const outputTokensUnsaid = 16_384;
const tokensPerMessage = 16;
/** An image of any provider costs less than this at its highest detail. */
const tokensPerImage = 8_192;
/** What is so short may be an address or an id: the file behind it may fill the model's context, the largest we know of. */
const nameBytes = 4_096;
const tokensPerNamedFile = 1_048_576;
/** Beside the bytes themselves, which the source counts: a page is an image to some models, however little of it is text. */
const tokensPerFileByte = 2;

/**
 * An upper bound without a tokenizer: every token of a byte-level vocabulary is at least one byte of the request, whoever's
 * model it is. It only bounds; the provider's own count settles.
 */
export function inputTokensAtMost(ask: Ask): number {
  const attached = ask.attachments.reduce((sum, attachment) => sum + attachmentTokens(attachment), 0);
  return Buffer.byteLength(ask.source) + tokensPerMessage * (ask.leaves.length + 1) + attached;
}

function attachmentTokens({ kind, bytes }: Attachment): number {
  if (kind === 'image') return tokensPerImage;
  return bytes < nameBytes ? tokensPerNamedFile : tokensPerImage + tokensPerFileByte * bytes;
}

/** The dearest candidate that the request could reach; one without a price is enough to refuse. */
export function worstCase(ask: Ask, snapshot: Snapshot): Result<WorstCase, 'price-unknown'> {
  const bound = inputTokensAtMost(ask);
  let worst: Pick<WorstCase, 'inputTokens' | 'outputTokens' | 'micros'> | undefined;
  let priced = true;
  const outputLimits: OutputLimit[] = [];
  for (const { endpoint, model, contextLength } of candidatesOf(ask.model, snapshot)) {
    const price = priceOf(snapshot, endpoint, model, ask.receivedAt);
    const context = contextLength ?? price?.contextLength;
    // A model cannot read more than its context holds; whatever is longer it refuses.
    const inputTokens = Math.min(bound, context ?? bound);
    const each = outputTokensAtMost(ask, price?.maxOutputTokens, context);
    const outputTokens = each * Math.max(1, ask.choices);
    const micros = price && costAtMost(price, inputTokens, outputTokens);
    if (micros === undefined) return err('price-unknown');
    if (price?.version === unpricedVersion) priced = false;
    if (ask.maxOutputTokens === undefined && each > 0) outputLimits.push({ endpoint, model, tokens: each });
    if (!worst || micros > worst.micros) worst = { inputTokens, outputTokens, micros };
  }
  // A model that nothing serves costs nothing; the router refuses it by name.
  return ok({ ...(worst ?? { inputTokens: bound, outputTokens: 0, micros: 0n }), priced, outputLimits });
}

/** What the caller says counts as it is. Otherwise we say it, and what we say is sent. */
function outputTokensAtMost(ask: Ask, modelMost: number | undefined, context: number | undefined): number {
  if (ask.action === 'embed' || ask.action === 'count-tokens') return 0;
  return ask.maxOutputTokens ?? Math.min(outputTokensUnsaid, modelMost ?? Infinity, context ?? Infinity);
}

function candidatesOf(model: string, { aliases, endpoints }: Snapshot): readonly AliasCandidate[] {
  const alias = aliases.find(({ name }) => name === model);
  if (alias) return alias.candidates;
  return endpoints.filter(({ models }) => models.includes(model)).map(({ id }) => ({ endpoint: id, model, weight: 1 }));
}
