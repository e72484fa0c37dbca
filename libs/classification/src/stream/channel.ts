import { type Candidate, Span } from '../detect/rule.js';
import { isSpace } from '../text/characters.js';
import { openFrom } from './open.js';

/** Raw text kept behind what was released, so that cues to the left still count. */
const LOOK_BACK = 256;
/** The longest an unfinished thing is held; longer, it is masked until a delimiter comes. */
const HOLD = 8_192;

/**
 * A reading that stops at each text that has to be looked through, and goes on with what counts in it, in order and
 * disjoint. Who drives it may have the text looked through where it likes.
 */
export type Look<R> = Generator<string, R, readonly Candidate[]>;

/** Drives a reading to its end here and now. */
export function lookedThrough<R>(look: Look<R>, find: (text: string) => readonly Candidate[]): R {
  let step = look.next();
  while (step.done !== true) step = look.next(find(step.value));
  return step.value;
}

export interface ChannelPorts {
  /** What stands in the released text instead of findings of one span, offsets of the whole raw text; undefined leaves it. */
  readonly replace: (found: readonly Candidate[], value: string) => string | undefined;
  /** Restores tokens in what was not replaced. */
  readonly restore: (text: string) => string;
  /** Where something that the ports know of is unfinished; the text's length when nothing is. */
  readonly openFrom: (text: string) => number;
  /** The cut, or where the token begins that it would divide. */
  readonly notInside: (text: string, cut: number) => number;
}

export interface Released {
  readonly text: string;
  /** Findings that this release passed, offsets of the channel's whole raw text. */
  readonly findings: readonly Candidate[];
}

/** One flow of text on its way out: holds what may go on, redacts what is found, and releases the rest at once. */
export class Channel {
  #behind = '';
  #held = '';
  /** Raw offset of the held text's start. */
  #offset = 0;
  #masking = false;

  constructor(private readonly ports: ChannelPorts) {}

  get isHolding(): boolean {
    return this.#held !== '';
  }

  /** What came and was not released yet, as it came. */
  get held(): string {
    return this.#held;
  }

  *push(chunk: string, final: boolean): Look<Released> {
    this.#held += chunk;
    if (this.#masking) this.#skipMasked();
    if (this.#held === '') return { text: '', findings: [] };
    const text = this.#behind + this.#held;
    const base = this.#behind.length;
    let cut = final ? text.length : Math.max(base, Math.min(openFrom(text), this.ports.openFrom(text)));
    if (cut === base && this.#held.length <= HOLD) return { text: '', findings: [] };
    const found = yield text;
    if (!final)
      for (const each of found) if (each.start >= base && each.start < cut && each.end > cut) cut = each.start;
    if (!final) cut = Math.max(base, this.ports.notInside(text, cut));
    const released = this.#release(text, base, cut, found);
    if (final || this.#held.length <= HOLD) return released;
    return { text: released.text + this.#overflow(), findings: released.findings };
  }

  #release(text: string, base: number, cut: number, found: readonly Candidate[]): Released {
    const pieces: string[] = [];
    const passed: Candidate[] = [];
    let from = base;
    const shift = this.#offset - base;
    for (const group of groupsOf(found)) {
      const [{ start: began, end }] = group;
      if (end <= base || began >= cut) continue;
      // What began in released text and is known only now: what is left of it does not leave.
      const start = Math.max(began, base);
      const placed = group.map((each) => new Span(each, start + shift, end + shift));
      passed.push(...placed);
      const replaced = this.ports.replace(placed, text.slice(start, end));
      if (replaced === undefined || end <= from) continue;
      pieces.push(this.ports.restore(text.slice(from, Math.max(from, start))), replaced);
      from = end;
    }
    if (from < cut) pieces.push(this.ports.restore(text.slice(from, cut)));
    this.#advance(text, base, Math.max(cut, Math.min(from, text.length)));
    return { text: pieces.join(''), findings: passed };
  }

  #advance(text: string, base: number, cut: number): void {
    this.#offset += cut - base;
    this.#held = text.slice(cut);
    let start = Math.max(0, cut - LOOK_BACK);
    while (start > 0 && start < cut && !isSpace(text.charCodeAt(start - 1))) start += 1;
    this.#behind = text.slice(start, cut);
  }

  /** An unfinished thing grew beyond the bound: its head never leaves, and the rest goes with it up to a delimiter. */
  #overflow(): string {
    this.#offset += this.#held.length;
    this.#held = '';
    this.#masking = true;
    return '[UNBOUNDED]';
  }

  #skipMasked(): void {
    const delimiter = this.#held.search(/[\s"'`<>]/);
    const skipped = delimiter === -1 ? this.#held.length : delimiter;
    this.#offset += skipped;
    this.#held = this.#held.slice(skipped);
    if (delimiter !== -1) this.#masking = false;
  }
}

/** Findings of one span stand together; order by start. */
function groupsOf(found: readonly Candidate[]): readonly [Candidate, ...Candidate[]][] {
  const groups: [Candidate, ...Candidate[]][] = [];
  for (const each of found.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = groups.at(-1);
    if (last && last[0].start === each.start && last[0].end === each.end) last.push(each);
    else groups.push([each]);
  }
  return groups;
}
