import { limits, type AnswerEvent, type AnswerPart, type Ask, type FinishReason, type Usage } from '@writ/domain';

/** What the provider said about its answer, gathered while the events pass. */
export class AnswerTally {
  #usage: Usage | undefined;
  #bytes = 0;
  readonly #finished = new Set<number>();
  model: string | undefined;
  finishReason: FinishReason | undefined;
  /** Content that came after its choice had finished, or events after the terminal one: dropped and recorded. */
  droppedEvents = 0;

  /** Notes the event and returns what of it may still be part of the answer. */
  take(event: AnswerEvent): AnswerEvent {
    const parts = event.parts.filter((part) => !this.#isLate(part));
    if (parts.length < event.parts.length) this.droppedEvents += 1;
    for (const part of parts) this.#note(part);
    return parts.length === event.parts.length ? event : { parts, terminal: event.terminal };
  }

  #isLate(part: AnswerPart): boolean {
    return 'choice' in part && this.#finished.has(part.choice);
  }

  #note(part: AnswerPart): void {
    if (part.kind === 'start') this.model = part.model;
    if (part.kind === 'finish') {
      this.#finished.add(part.choice);
      this.finishReason ??= part.reason;
    }
    if (part.kind === 'usage') this.#usage = merge(this.#usage, part.usage);
    if ('text' in part) this.#bytes += Buffer.byteLength(part.text);
    if (part.kind === 'tool-call') this.#bytes += Buffer.byteLength(part.arguments);
  }

  /** The provider's count; where it sent none, or one that cannot be, an upper bound that says so. */
  usage(ask: Ask): Usage {
    if (this.#usage && isPlausible(this.#usage)) return this.#usage;
    return usageAtMost(ask, this.#bytes);
  }
}

/** Every token of a byte-level vocabulary is at least one byte of the text, so the bytes bound what was used. */
export function usageAtMost(ask: Ask, outputTokens: number): Usage {
  return {
    inputTokens: ask.leaves.reduce((sum, { text }) => sum + Buffer.byteLength(text) + tokensPerLeaf, tokensPerLeaf),
    outputTokens,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    estimated: true,
  };
}

/** What a vendor wraps around each message. */
const tokensPerLeaf = 16;

function isPlausible({
  inputTokens,
  outputTokens,
  cacheReadTokens,
  cacheWriteTokens,
  reasoningTokens,
}: Usage): boolean {
  return [inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens].every(
    (count) => Number.isSafeInteger(count) && count >= 0 && count <= limits.usageTokens,
  );
}

/** Providers send usage in pieces that only grow; the largest of each is the whole. */
function merge(a: Usage | undefined, b: Usage): Usage {
  if (!a) return b;
  return {
    inputTokens: Math.max(a.inputTokens, b.inputTokens),
    outputTokens: Math.max(a.outputTokens, b.outputTokens),
    cacheReadTokens: Math.max(a.cacheReadTokens, b.cacheReadTokens),
    cacheWriteTokens: Math.max(a.cacheWriteTokens, b.cacheWriteTokens),
    reasoningTokens: Math.max(a.reasoningTokens, b.reasoningTokens),
    estimated: a.estimated && b.estimated,
  };
}
