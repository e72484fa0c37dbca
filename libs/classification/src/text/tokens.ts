import { classOf, DIGIT, LETTER, lowerOf, UPPER } from './characters.js';
import { marksOf } from './lexicon.js';

export { hashOf } from './lexicon.js';

export const HAS_DIGIT = 1;
export const HAS_LETTER = 2;
export const CAPITAL = 4;
export const ALL_UPPER = 8;
export const NON_ASCII = 16;

/** The longest token that has a signature; longer ones are keys and blobs, found by prefix or by entropy. */
export const SIGNED = 25;

/**
 * The words of one text, in parallel arrays: letters and digits are word characters, everything else divides. Made once
 * and read by every pass.
 */
export interface Tokens {
  readonly text: string;
  readonly count: number;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** FNV-1a of the lower-cased word. */
  readonly hash: Int32Array;
  /** The same of the part behind the last change from lower to upper case: `Password` of `dbPassword`. */
  readonly tail: Int32Array;
  /** Length and digit mask, or -1 beyond `SIGNED` characters. */
  readonly signature: Int32Array;
  readonly flags: Uint8Array;
  /** The lists of `lexicon` in which the word stands. */
  readonly marks: Int32Array;
  /** True when every character is ASCII. */
  readonly isPlain: boolean;
}

const offset = 0x811c9dc5 | 0;
const prime = 0x01000193;

export function signatureOf(length: number, mask: number): number {
  return length > SIGNED ? -1 : mask | (length << SIGNED);
}

/** Words that may be asked for behind the last one; they are zero. */
const SPARE = 2;

/** Where a text's words are collected before each array is cut to its length: clearing that much anew costs more. */
class Room {
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly hash: Int32Array;
  readonly tail: Int32Array;
  readonly signature: Int32Array;
  readonly flags: Uint8Array;
  readonly marks: Int32Array;

  constructor(readonly words: number) {
    this.start = new Int32Array(words);
    this.end = new Int32Array(words);
    this.hash = new Int32Array(words);
    this.tail = new Int32Array(words);
    this.signature = new Int32Array(words);
    this.flags = new Uint8Array(words);
    this.marks = new Int32Array(words);
  }

  /** The words of one text, copied out. */
  tokens(text: string, count: number, isPlain: boolean): Tokens {
    const length = count + SPARE;
    for (const array of [this.start, this.end, this.hash, this.tail, this.signature, this.flags, this.marks])
      array.fill(0, count, length);
    return {
      text,
      count,
      start: this.start.slice(0, length),
      end: this.end.slice(0, length),
      hash: this.hash.slice(0, length),
      tail: this.tail.slice(0, length),
      signature: this.signature.slice(0, length),
      flags: this.flags.slice(0, length),
      marks: this.marks.slice(0, length),
      isPlain,
    };
  }
}

let room = new Room(1 << 12);

/** The words of the text, in order. */
export function tokenise(text: string): Tokens {
  const { length } = text;
  const needed = (length >> 1) + 1 + SPARE;
  if (needed > room.words) room = new Room(needed);
  const { start, end, hash, tail, signature, flags, marks } = room;
  let bits = 0;
  let count = 0;
  let at = 0;
  while (at < length) {
    const head = text.charCodeAt(at);
    let kind = classOf[head]!;
    bits |= head;
    if ((kind & (LETTER | DIGIT)) === 0) {
      at += 1;
      continue;
    }
    const from = at;
    let whole = offset;
    let last = offset;
    let mask = 0;
    let seen = (kind & UPPER) !== 0 ? CAPITAL | ALL_UPPER : ALL_UPPER;
    let previousLower = false;
    do {
      const code = text.charCodeAt(at);
      const lower = lowerOf[code]!;
      bits |= code;
      if ((kind & DIGIT) !== 0) {
        if (at - from < SIGNED) mask |= 1 << (at - from);
        seen |= HAS_DIGIT;
        previousLower = false;
      } else {
        const upper = (kind & UPPER) !== 0;
        seen |= HAS_LETTER;
        if (!upper) seen &= ~ALL_UPPER;
        else if (previousLower) last = offset;
        previousLower = !upper;
        if (code > 0x7f) seen |= NON_ASCII;
      }
      whole = Math.imul(whole ^ lower, prime);
      last = Math.imul(last ^ lower, prime);
      at += 1;
      kind = at < length ? classOf[text.charCodeAt(at)]! : 0;
    } while ((kind & (LETTER | DIGIT)) !== 0);
    start[count] = from;
    end[count] = at;
    hash[count] = whole;
    tail[count] = last;
    signature[count] = signatureOf(at - from, mask);
    flags[count] = seen;
    marks[count] = marksOf(whole);
    count += 1;
  }
  return room.tokens(text, count, bits < 0x80);
}

/** The index of the first token that ends after `position`. */
export function tokenAt(tokens: Tokens, position: number): number {
  let low = 0;
  let high = tokens.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tokens.end[middle]! <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
