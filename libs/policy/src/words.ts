import { policyLimits } from './limits.js';

/**
 * Texts inside an Int32Array: [length, sign bit set when two units share a word][hash][units…]. Four Latin-1 characters or
 * two UTF-16 units a word, so that a policy with all its dictionaries is one block of memory that threads can share.
 */
const wide = -2_147_483_648;

export class WordWriter {
  readonly #words: number[] = [];
  readonly #texts = new Map<string, number>();

  get length(): number {
    return this.#words.length;
  }

  set(at: number, value: number): void {
    this.#words[at] = value;
  }

  /** Appends, and says where. */
  put(...values: readonly number[]): number {
    const at = this.#words.length;
    for (const value of values) this.#words.push(value);
    return at;
  }

  /** Writes a text once, and says where it stands. */
  text(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const hash = packText(text);
    const at = this.put(packedIsWide ? text.length | wide : text.length, hash);
    const packedWords = packedIsWide ? (text.length + 1) >> 1 : (text.length + 3) >> 2;
    for (let index = 0; index < packedWords; index += 1) this.#words.push(packedText[index] ?? 0);
    this.#texts.set(text, at);
    return at;
  }

  /** An open-addressed table of text positions: [mask][longest text][slots: position or 0, and the number of the text]. */
  dictionary(texts: readonly string[]): number {
    const refs = texts.map((text) => this.text(text));
    let size = 2;
    while (size < texts.length * 2) size *= 2;
    const table = Array.from({ length: size * 2 }, () => 0);
    for (const [index, text] of texts.entries()) {
      let slot = packText(text) & (size - 1);
      while (table[slot * 2] !== 0) slot = (slot + 1) & (size - 1);
      table[slot * 2] = refs[index] ?? 0;
      table[slot * 2 + 1] = index + 1;
    }
    const longest = Math.max(0, ...texts.map(({ length }) => length));
    return this.put(size - 1, longest, ...table);
  }

  /** Appends [length][bytes], four a word. */
  bytes(bytes: Uint8Array): number {
    const at = this.put(bytes.length);
    for (let index = 0; index < bytes.length; index += 4) {
      let packed = 0;
      for (let unit = 0; unit < 4; unit += 1) packed |= (bytes[index + unit] ?? 0) << (unit * 8);
      this.put(packed);
    }
    return at;
  }

  /** One block that threads can share. */
  finish(): Int32Array {
    const words = new Int32Array(new SharedArrayBuffer(this.#words.length * 4));
    words.set(this.#words);
    return words;
  }
}

/** The text being looked up, packed as the image packs it: looking up never waits. */
let packedText = new Int32Array(policyLimits.textLength);
let packedIsWide = false;

/**
 * Packs `text` into `packedText`, four Latin-1 characters or two UTF-16 units a word, and answers a hash over those words.
 * Each character is read once. Collisions cost a comparison, never an answer.
 */
function packText(text: string): number {
  const { length } = text;
  if (length > packedText.length) packedText = new Int32Array(length * 2);
  let hash = length;
  let units = 0;
  let at = 0;
  let index = 0;
  for (; index + 3 < length; index += 4, at += 1) {
    const a = text.charCodeAt(index);
    const b = text.charCodeAt(index + 1);
    const c = text.charCodeAt(index + 2);
    const d = text.charCodeAt(index + 3);
    units |= a | b | c | d;
    hash = mixWord(hash, (packedText[at] = a | (b << 8) | (c << 16) | (d << 24)));
  }
  if (index < length) {
    let packed = 0;
    for (let unit = 0; index < length; index += 1, unit += 8) {
      const code = text.charCodeAt(index);
      units |= code;
      packed |= code << unit;
    }
    hash = mixWord(hash, (packedText[at] = packed));
  }
  packedIsWide = units > 255;
  return packedIsWide ? packWide(text) : hash;
}

function packWide(text: string): number {
  let hash = text.length;
  for (let index = 0, at = 0; index < text.length; index += 2, at += 1) {
    const second = index + 1 < text.length ? text.charCodeAt(index + 1) : 0;
    hash = mixWord(hash, (packedText[at] = text.charCodeAt(index) | (second << 16)));
  }
  return hash;
}

/** The high bits reach the low ones, which choose the place in a dictionary. */
function mixWord(hash: number, packed: number): number {
  const mixed = Math.imul(hash ^ packed, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

export function readText(words: Int32Array, at: number): string {
  const head = word(words, at);
  const length = head & 0x7fffffff;
  if (length > (words.length - at) * 4) throw new RangeError('a text runs out of the image');
  let text = '';
  for (let index = 0; index < length; index += 1) text += String.fromCharCode(unitAt(words, at, head < 0, index));
  return text;
}

function unitAt(words: Int32Array, at: number, isWide: boolean, index: number): number {
  return isWide
    ? (word(words, at + 2 + (index >> 1)) >>> ((index & 1) * 16)) & 0xffff
    : (word(words, at + 2 + (index >> 2)) >>> ((index & 3) * 8)) & 0xff;
}

/** The number (from 1) of `text` in a dictionary, or 0 when the policy does not mention it. */
export function lookUp(words: Int32Array, dictionary: number, text: string): number {
  const mask = word(words, dictionary);
  if (text.length > word(words, dictionary + 1)) return 0;
  const hash = packText(text);
  for (let probe = 0, slot = hash & mask; probe <= mask; probe += 1, slot = (slot + 1) & mask) {
    const at = word(words, dictionary + 2 + slot * 2);
    if (at === 0) return 0;
    if (word(words, at + 1) === hash && isPackedText(words, at, text.length)) {
      return word(words, dictionary + 3 + slot * 2);
    }
  }
  return 0;
}

/** Whether the text that was packed last stands at `at`. */
function isPackedText(words: Int32Array, at: number, length: number): boolean {
  const head = word(words, at);
  if (head !== (packedIsWide ? length | wide : length)) return false;
  const packedWords = packedIsWide ? (length + 1) >> 1 : (length + 3) >> 2;
  for (let index = 0; index < packedWords; index += 1) {
    if (words[at + 2 + index] !== packedText[index]) return false;
  }
  return true;
}

export function readBytes(words: Int32Array, at: number): Uint8Array {
  const length = word(words, at);
  if (length < 0 || length > (words.length - at - 1) * 4) throw new RangeError('bytes run out of the image');
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) {
    bytes[index] = (words[at + 1 + (index >> 2)] ?? 0) >>> ((index & 3) * 8);
  }
  return bytes;
}

/** Reads one word; an index outside the block is a damaged image, and a damaged image is a deny. */
export function word(words: Int32Array, at: number): number {
  const value = words[at];
  if (value === undefined) throw new RangeError('an index runs out of the image');
  return value;
}
