import type { AnswerEvent, AnswerPart } from '@writ/domain';
import type { Channel, Look } from './channel.js';

export type TextPart = Extract<AnswerPart, { kind: 'text' | 'reasoning' | 'refusal' }>;
export type ToolPart = Extract<AnswerPart, { kind: 'tool-call' }>;
/** A part that says something. */
export type SpokenPart = TextPart | ToolPart;

export function isSpoken(part: AnswerPart): part is SpokenPart {
  return part.kind === 'text' || part.kind === 'reasoning' || part.kind === 'refusal' || part.kind === 'tool-call';
}

export function textOf(part: SpokenPart): string {
  return part.kind === 'tool-call' ? part.arguments : part.text;
}

export function withText(part: SpokenPart, text: string): SpokenPart {
  return part.kind === 'tool-call' ? { ...part, arguments: text } : { ...part, text };
}

export function flowName(part: SpokenPart): string {
  return part.kind === 'tool-call' ? `${part.choice}/tool-call/${part.index}` : `${part.choice}/${part.kind}`;
}

/** A part of an event that is about to leave, and whose words are not read yet. */
interface Slot {
  readonly parts: AnswerPart[];
  readonly at: number;
  readonly part: SpokenPart;
}

/** The words that belong together in an answer, over all its events. Several events' words are read in one look. */
export class Flow {
  #slots: Slot[] = [];
  #waiting = 0;

  constructor(
    readonly name: string,
    readonly choice: number,
    private readonly channel: Channel,
    public lastEvent: AnswerEvent,
    public lastPart: SpokenPart,
  ) {}

  get isWaiting(): boolean {
    return this.#slots.length > 0;
  }

  /** How many characters wait to be read. */
  get waitingCharacters(): number {
    return this.#waiting;
  }

  get isHolding(): boolean {
    return this.channel.isHolding;
  }

  /** `parts[at]` is filled in when the flow is read. */
  add(event: AnswerEvent, part: SpokenPart, parts: AnswerPart[], at: number): void {
    this.lastEvent = event;
    this.lastPart = part;
    this.#slots.push({ parts, at, part });
    this.#waiting += textOf(part).length;
  }

  /**
   * Reads what waits and gives what may leave. With `final`, nothing is held back any more. Words that leave as they came
   * stay in their own event; where something was replaced, they all leave in the last one.
   */
  *read(final: boolean, leavesAsItCame: boolean): Look<string> {
    const slots = this.#slots;
    this.#slots = [];
    this.#waiting = 0;
    const held = this.channel.held;
    let said = '';
    for (const { part } of slots) said += textOf(part);
    const { text: read } = yield* this.channel.push(said, final);
    if (leavesAsItCame) return said;
    const isUnchanged = (held + said).startsWith(read);
    let from = 0;
    let until = held.length;
    for (const [index, { parts, at, part }] of slots.entries()) {
      const isLast = index === slots.length - 1;
      until += textOf(part).length;
      const text = isLast ? read.slice(from) : isUnchanged ? read.slice(from, until) : '';
      if (text !== textOf(part)) parts[at] = withText(part, text);
      if (isUnchanged) from = Math.min(until, read.length);
    }
    return read;
  }
}
