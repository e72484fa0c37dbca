import type { AnswerEvent, AnswerPart, FinishReason, Usage } from '@writ/domain';

/** What the provider said about its answer, gathered while the events pass. */
export class AnswerTally {
  #usage: Usage | undefined;
  #characters = 0;
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
    if ('text' in part) this.#characters += part.text.length;
    if (part.kind === 'tool-call') this.#characters += part.arguments.length;
  }

  /** The provider's count; where it sent none, an upper estimate that says so. */
  usage(promptTokens: number): Usage {
    if (this.#usage) return this.#usage;
    const outputTokens = Math.ceil(this.#characters / 3);
    return {
      inputTokens: promptTokens,
      outputTokens,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
      estimated: true,
    };
  }
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
