import { err, ok, type Result, type TaxonomySource } from '@writ/domain';
import type { Candidate } from '../detect/rule.js';
import type { Emit, Scene } from '../detect/scene.js';
import { Tokens } from '../text/tokens.js';

const MAX_WORDS = 16;
/** Terms that are walked together. */
const BATCH = 1_024;
const MULTIPLIER = 0x9e3779b1;
/** Read and done with before anybody else reads. */
const room = new Tokens();

/**
 * A tenant's terms as hashes of word sequences, in open-addressed typed arrays: eight bytes a slot, no strings. A term
 * matches whole words, whatever the case, the blanks and the punctuation between them.
 */
export class TermTable {
  private constructor(
    readonly size: number,
    private readonly classes: readonly string[],
    private readonly keys: Float64Array,
    private readonly classAt: Uint16Array,
    /** Bit n: some term starts with this word (low bits of its hash) and has n words. */
    private readonly lengths: Uint16Array,
  ) {}

  /** The table, a batch of terms at a time; who drains it decides what happens between two batches. */
  static *building(terms: TaxonomySource['terms']): Generator<void, Result<TermTable, readonly string[]>> {
    const slots = capacity(terms.length);
    const keys = new Float64Array(slots);
    const classAt = new Uint16Array(slots);
    const lengths = new Uint16Array(capacity(terms.length));
    const classes: string[] = [];
    const problems: string[] = [];
    const classNumbers = new Map<string, number>();
    for (let from = 0; from < terms.length; from += BATCH) {
      yield;
      const batch = terms.slice(from, from + BATCH);
      // One walk over many terms: the arrays of a walk cost more than a short term's words.
      const words = room.read(batch.map(({ term }) => term).join('\n'));
      let next = 0;
      let end = 0;
      for (const { class: name, term } of batch) {
        end += term.length + 1;
        const start = next;
        while (next < words.count && words.start[next]! < end) next += 1;
        if (next === start || next - start > MAX_WORDS) {
          problems.push(`term "${term.slice(0, 40)}": must have 1 to ${MAX_WORDS} words`);
          continue;
        }
        let index = classNumbers.get(name);
        if (index === undefined) {
          index = classes.push(name) - 1;
          classNumbers.set(name, index);
        }
        let [first, second] = [0, 0];
        for (let at = start; at < next; at += 1) {
          first = mix(first, words.hash[at]!);
          second = mix(second ^ 0x5bd1e995, words.hash[at]!);
        }
        lengths[(words.hash[start]! >>> 0) % lengths.length]! |= 1 << (next - start - 1);
        place(keys, classAt, keyOf(first, second), index);
      }
    }
    return problems.length > 0 ? err(problems) : ok(new TermTable(terms.length, classes, keys, classAt, lengths));
  }

  get bytes(): number {
    return this.keys.byteLength + this.classAt.byteLength + this.lengths.byteLength;
  }

  find(scene: Scene, emit: Emit): void {
    if (this.size === 0) return;
    const { tokens } = scene;
    for (let index = 0; index < tokens.count; index += 1) {
      let wanted = this.lengths[(tokens.hash[index]! >>> 0) % this.lengths.length]!;
      if (wanted === 0) continue;
      let first = 0;
      let second = 0;
      let best = -1;
      let bestClass = 0;
      for (let last = index; wanted !== 0 && last < tokens.count; last += 1) {
        if (last > index && !isJoined(scene.text, tokens.end[last - 1]!, tokens.start[last]!)) break;
        first = mix(first, tokens.hash[last]!);
        second = mix(second ^ 0x5bd1e995, tokens.hash[last]!);
        const found = (wanted & 1) === 0 ? -1 : this.#lookUp(keyOf(first, second));
        if (found !== -1) [best, bestClass] = [last, found];
        wanted >>= 1;
      }
      if (best !== -1) emit(this.#candidate(scene, index, best, this.classes[bestClass]!));
    }
  }

  /** Where a term of several words may have begun without being complete; the text's length when none has. */
  openFrom(text: string): number {
    if (this.size === 0) return text.length;
    const base = Math.max(0, text.length - 400);
    const tokens = room.read(text.slice(base));
    for (let index = Math.max(0, tokens.count - MAX_WORDS); index < tokens.count; index += 1) {
      const wanted = this.lengths[(tokens.hash[index]! >>> 0) % this.lengths.length]!;
      if (wanted >> (tokens.count - index) !== 0) return base + tokens.start[index]!;
    }
    return text.length;
  }

  #lookUp(key: number): number {
    const mask = this.keys.length - 1;
    let at = slotOf(key, mask);
    while (this.keys[at] !== 0) {
      if (this.keys[at] === key) return this.classAt[at]!;
      at = (at + 1) & mask;
    }
    return -1;
  }

  #candidate(scene: Scene, first: number, last: number, className: string): Candidate {
    const start = scene.tokens.start[first]!;
    const end = scene.tokens.end[last]!;
    return {
      start,
      end,
      class: className,
      type: 'TENANT_TERM',
      score: 1000,
      detector: 'tenant:term',
      strength: 3,
      cues: [],
      alternatives: [],
      via: [],
      steps: ['the tenant lists this term'],
      normal: scene.text.slice(start, end).toLowerCase(),
    };
  }
}

/** At most three characters of blank or punctuation, no line's end twice. */
function isJoined(text: string, end: number, start: number): boolean {
  return start - end <= 3 && !/\n\s*\n/.test(text.slice(end, start));
}

function capacity(count: number): number {
  let slots = 16;
  while (slots < count * 2) slots *= 2;
  return slots;
}

function mix(state: number, hash: number): number {
  return Math.imul(state ^ hash ^ (state >>> 15), MULTIPLIER) + 0x7f4a7c15;
}

/** 53 bits of two hashes; never 0, which marks an empty slot. */
function keyOf(first: number, second: number): number {
  return (first >>> 0) * 0x200000 + ((second >>> 11) | 1);
}

function slotOf(key: number, mask: number): number {
  return (Math.imul(Math.floor(key / 0x200000), MULTIPLIER) >>> 7) & mask;
}

function place(keys: Float64Array, classAt: Uint16Array, key: number, value: number): void {
  const mask = keys.length - 1;
  let at = slotOf(key, mask);
  while (keys[at] !== 0 && keys[at] !== key) at = (at + 1) & mask;
  keys[at] = key;
  classAt[at] = value;
}
