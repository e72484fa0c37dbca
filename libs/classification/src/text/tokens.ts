import { classOf, DIGIT, LETTER, lowerOf, UPPER } from './characters.js';
import { GRAM_MASK, gramAt, Grams, signOf } from './grams.js';
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

/** A word of so many characters is notable by itself. */
export const LONG = 10;
/** Words that may be asked for behind the last one; they are zero. */
const SPARE = 4;
/** Where the class of a character stands beside its small letter in `facts`, and where its sign among grams. */
const CLASS_SHIFT = 16;
const SIGN_SHIFT = 24;
/** A letter that is no capital, beside the classes. */
const SMALL = 1 << 22;

/** All that the walk asks of a character, in one look-up: small letter, class, sign. */
const facts = new Int32Array(65_536);
for (let code = 0; code < 65_536; code += 1)
  facts[code] =
    lowerOf[code]! |
    (classOf[code]! << CLASS_SHIFT) |
    ((classOf[code]! & (LETTER | UPPER)) === LETTER ? SMALL : 0) |
    (signOf[code]! << SIGN_SHIFT);

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
  /** How many words are long or have something else than a blank on either side; `notable` holds their indexes. */
  notableCount = 0;
  notable = new Int32Array(0);
  /** Most words in a row of at most two characters. */
  shortRun = 0;
  /** The three signs that the word begins with, as `gramAt` gives them; of a shorter word with what stands behind it. */
  head = new Uint16Array(0);
  /** The three signs that the word ends with; of a shorter word with what stands in front of it. */
  foot = new Uint16Array(0);
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
    const { start, end, hash, tail, signature, flags, marks, head, foot, coded, notable } = this;
    const signs = this.#signs.fill(0);
    const bits = this.grams.bits.fill(0);
    let codes = 0;
    let gram = 0;
    let lists = 0;
    let count = 0;
    let codedCount = 0;
    let notableCount = 0;
    let run = 0;
    let shortRun = 0;
    let before = BLANK;
    let at = 0;
    while (at < length) {
      let code = text.charCodeAt(at);
      let fact = facts[code]!;
      gram = ((gram << 5) | (fact >>> SIGN_SHIFT)) & GRAM_MASK;
      bits[gram >> 5]! |= 1 << (gram & 31);
      if ((fact & WORD) === 0) {
        if (code < 0x80) signs[code >> 5]! |= 1 << (code & 31);
        codes |= code;
        before = code;
        at += 1;
        continue;
      }
      const from = at;
      const first = fact;
      let whole = Math.imul(offset ^ (fact & LOWER), prime);
      let own = code;
      let inner = 0;
      for (at += 1; at < length; at += 1) {
        code = text.charCodeAt(at);
        fact = facts[code]!;
        if ((fact & WORD) === 0) break;
        gram = ((gram << 5) | (fact >>> SIGN_SHIFT)) & GRAM_MASK;
        bits[gram >> 5]! |= 1 << (gram & 31);
        whole = Math.imul(whole ^ (fact & LOWER), prime);
        own |= code;
        inner |= fact;
      }
      codes |= own;
      const seen = flagsOf(first, inner, own);
      const mark = marksOf(whole);
      start[count] = from;
      end[count] = at;
      hash[count] = whole;
      signature[count] = signatureOf(at - from, (seen & HAS_DIGIT) === 0 ? 0 : digitsOf(text, from, at));
      flags[count] = seen;
      marks[count] = mark;
      head[count] = from + 2 < length ? headOf(text, from, first) : gramAt(text, from);
      foot[count] = gram;
      tail[count] = (inner & CAPITAL_LETTER) === 0 ? whole : tailOf(text, from, at);
      lists |= tail[count] === whole ? mark : mark | marksOf(tail[count]!);
      coded[codedCount] = count;
      if ((seen & (HAS_DIGIT | ALL_UPPER)) !== 0) codedCount += 1;
      notable[notableCount] = count;
      if (before !== BLANK || (at < length && code !== BLANK) || at - from >= LONG) notableCount += 1;
      run = at - from > 2 ? 0 : run + 1;
      if (run > shortRun) shortRun = run;
      count += 1;
    }
    this.codedCount = codedCount;
    this.notableCount = notableCount;
    this.shortRun = shortRun;
    return this.#close(text, count, lists, codes < 0x80);
  }

  #close(text: string, count: number, lists: number, isPlain: boolean): this {
    this.text = text;
    this.count = count;
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
      this.head[spare] = 0;
      this.foot[spare] = 0;
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
    this.notable = new Int32Array(room);
    this.head = new Uint16Array(room);
    this.foot = new Uint16Array(room);
  }
}

const BLANK = 0x20;
const LOWER = 0xffff;
const WORD = (LETTER | DIGIT) << CLASS_SHIFT;
const FIGURE = DIGIT << CLASS_SHIFT;
const CAPITAL_LETTER = UPPER << CLASS_SHIFT;
const ANY_LETTER = LETTER << CLASS_SHIFT;

/** The word's flags from the facts of its first character, of those behind it together, and from all its codes together. */
function flagsOf(first: number, inner: number, codes: number): number {
  const all = first | inner;
  let seen = (all & ANY_LETTER) === 0 ? 0 : HAS_LETTER;
  if ((all & SMALL) === 0) seen |= ALL_UPPER;
  if ((first & CAPITAL_LETTER) !== 0) seen |= CAPITAL;
  if ((all & FIGURE) !== 0) seen |= HAS_DIGIT;
  return codes > 0x7f ? seen | NON_ASCII : seen;
}

/** Which of the word's first `SIGNED` characters are digits, one bit each. */
function digitsOf(text: string, from: number, to: number): number {
  let mask = 0;
  for (let at = from; at < to && at - from < SIGNED; at += 1)
    if ((facts[text.charCodeAt(at)]! & FIGURE) !== 0) mask |= 1 << (at - from);
  return mask;
}

/** FNV-1a of what stands behind the word's last change from lower to upper case; of the whole word where there is none. */
function tailOf(text: string, from: number, to: number): number {
  let hash = offset;
  let previous = 0;
  for (let at = from; at < to; at += 1) {
    const fact = facts[text.charCodeAt(at)]!;
    if ((previous & SMALL) !== 0 && (fact & CAPITAL_LETTER) !== 0) hash = offset;
    hash = Math.imul(hash ^ (fact & LOWER), prime);
    previous = fact;
  }
  return hash;
}

function headOf(text: string, from: number, first: number): number {
  const second = facts[text.charCodeAt(from + 1)]! >>> SIGN_SHIFT;
  return ((first >>> SIGN_SHIFT) << 10) | (second << 5) | (facts[text.charCodeAt(from + 2)]! >>> SIGN_SHIFT);
}

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
