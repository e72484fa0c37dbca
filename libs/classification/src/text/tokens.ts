import { classOf, DIGIT, LETTER, lowerOf, UPPER } from './characters.js';
import { GRAM_MASK, Grams, signOf } from './grams.js';
import { marksOf } from './lexicon.js';

export { hashOf } from './lexicon.js';

export const HAS_DIGIT = 1;
export const HAS_LETTER = 2;
export const CAPITAL = 4;
export const ALL_UPPER = 8;
export const NON_ASCII = 16;

/** The longest token that has a signature; longer ones are keys and blobs, found by prefix or by entropy. */
export const SIGNED = 25;

const offset = 0x811c9dc5 | 0;
const prime = 0x01000193;

export function signatureOf(length: number, mask: number): number {
  return length > SIGNED ? -1 : mask | (length << SIGNED);
}

/** Words that may be asked for behind the last one; they are zero. */
const SPARE = 4;
/** Where the class of a character stands beside its small letter in `facts`, and where its sign among grams. */
const CLASS_SHIFT = 16;
const SIGN_SHIFT = 24;

/** All that the walk asks of a character, in one look-up: small letter, class, sign. */
const facts = new Int32Array(65_536);
for (let code = 0; code < 65_536; code += 1)
  facts[code] = lowerOf[code]! | (classOf[code]! << CLASS_SHIFT) | (signOf[code]! << SIGN_SHIFT);

/**
 * The words of one text, in parallel arrays: letters and digits are word characters, everything else divides. Made once
 * and read by every pass, together with what tells a pass at once that it has nothing to look for. The arrays may be longer
 * than the words, and hold the words of earlier texts behind the last one and some zeros.
 */
export class Tokens {
  text = '';
  count = 0;
  /** True when every character is ASCII. */
  isPlain = true;
  /** Every list of `lexicon` in which some word, or the tail of some word, stands. */
  lists = 0;
  /** How many words have a digit or are all in capitals; `coded` holds their indexes. */
  codedCount = 0;
  start = new Int32Array(0);
  end = new Int32Array(0);
  /** FNV-1a of the lower-cased word. */
  hash = new Int32Array(0);
  /** The same of the part behind the last change from lower to upper case: `Password` of `dbPassword`. */
  tail = new Int32Array(0);
  /** Length and digit mask, or -1 beyond `SIGNED` characters. */
  signature = new Int32Array(0);
  flags = new Uint8Array(0);
  /** The lists of `lexicon` in which the word stands. */
  marks = new Int32Array(0);
  coded = new Int32Array(0);
  readonly grams = new Grams();
  /** Which characters of ASCII stand between the words, one bit each. */
  readonly #signs = new Int32Array(4);

  /** True when the sign of ASCII, which is neither letter nor digit, stands in the text. */
  hasSign(code: number): boolean {
    return (this.#signs[code >> 5]! & (1 << (code & 31))) !== 0;
  }

  /** Forgets the text it knew, and reads this one. */
  read(text: string): this {
    const { length } = text;
    this.#makeRoom((length >> 1) + 1 + SPARE);
    const { start, end, hash, tail, signature, flags, marks, coded } = this;
    const signs = this.#signs.fill(0);
    const bits = this.grams.bits.fill(0);
    let codes = 0;
    let gram = 0;
    let lists = 0;
    let count = 0;
    let codedCount = 0;
    let at = 0;
    while (at < length) {
      let code = text.charCodeAt(at);
      let fact = facts[code]!;
      codes |= code;
      gram = ((gram << 5) | (fact >>> SIGN_SHIFT)) & GRAM_MASK;
      bits[gram >> 5]! |= 1 << (gram & 31);
      if ((fact & WORD) === 0) {
        if (code < 0x80) signs[code >> 5]! |= 1 << (code & 31);
        at += 1;
        continue;
      }
      const from = at;
      let whole = offset;
      let last = offset;
      let mask = 0;
      let seen = (fact & CAPITAL_LETTER) !== 0 ? CAPITAL | ALL_UPPER : ALL_UPPER;
      let previousLower = false;
      for (;;) {
        if ((fact & FIGURE) !== 0) {
          if (at - from < SIGNED) mask |= 1 << (at - from);
          seen |= HAS_DIGIT;
          previousLower = false;
        } else {
          const upper = (fact & CAPITAL_LETTER) !== 0;
          seen |= HAS_LETTER;
          if (!upper) seen &= ~ALL_UPPER;
          else if (previousLower) last = offset;
          previousLower = !upper;
          if (code > 0x7f) seen |= NON_ASCII;
        }
        whole = Math.imul(whole ^ (fact & LOWER), prime);
        last = Math.imul(last ^ (fact & LOWER), prime);
        at += 1;
        if (at >= length) break;
        code = text.charCodeAt(at);
        fact = facts[code]!;
        if ((fact & WORD) === 0) break;
        codes |= code;
        gram = ((gram << 5) | (fact >>> SIGN_SHIFT)) & GRAM_MASK;
        bits[gram >> 5]! |= 1 << (gram & 31);
      }
      start[count] = from;
      end[count] = at;
      hash[count] = whole;
      tail[count] = last;
      signature[count] = signatureOf(at - from, mask);
      flags[count] = seen;
      const mark = marksOf(whole);
      marks[count] = mark;
      lists |= mark;
      if (last !== whole) lists |= marksOf(last);
      coded[codedCount] = count;
      if ((seen & (HAS_DIGIT | ALL_UPPER)) !== 0) codedCount += 1;
      count += 1;
    }
    return this.#close(text, count, codedCount, lists, codes < 0x80);
  }

  #close(text: string, count: number, codedCount: number, lists: number, isPlain: boolean): this {
    this.text = text;
    this.count = count;
    this.codedCount = codedCount;
    this.lists = lists;
    this.isPlain = isPlain;
    this.grams.isPlain = isPlain;
    for (let spare = count; spare < count + SPARE; spare += 1) {
      this.start[spare] = 0;
      this.end[spare] = 0;
      this.hash[spare] = 0;
      this.tail[spare] = 0;
      this.signature[spare] = 0;
      this.flags[spare] = 0;
      this.marks[spare] = 0;
    }
    return this;
  }

  #makeRoom(words: number): void {
    if (words <= this.start.length) return;
    const room = Math.max(words, this.start.length * 2);
    this.start = new Int32Array(room);
    this.end = new Int32Array(room);
    this.hash = new Int32Array(room);
    this.tail = new Int32Array(room);
    this.signature = new Int32Array(room);
    this.flags = new Uint8Array(room);
    this.marks = new Int32Array(room);
    this.coded = new Int32Array(room);
  }
}

const LOWER = 0xffff;
const WORD = (LETTER | DIGIT) << CLASS_SHIFT;
const FIGURE = DIGIT << CLASS_SHIFT;
const CAPITAL_LETTER = UPPER << CLASS_SHIFT;

/** The words of the text, in order, in arrays of their own. */
export function tokenise(text: string): Tokens {
  return new Tokens().read(text);
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
