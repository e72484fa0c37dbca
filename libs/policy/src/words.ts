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
    const isWide = isWideText(text);
    const at = this.put(isWide ? text.length | wide : text.length, hashText(text));
    const perWord = isWide ? 2 : 4;
    const bits = isWide ? 16 : 8;
    for (let index = 0; index < text.length; index += perWord) {
      let packed = 0;
      for (let unit = 0; unit < perWord && index + unit < text.length; unit += 1) {
        packed |= text.charCodeAt(index + unit) << (unit * bits);
      }
      this.put(packed);
    }
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
      let slot = hashText(text) & (size - 1);
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

function isWideText(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 255) return true;
  return false;
}

/** FNV-1a over UTF-16 units. Collisions cost a comparison, never an answer. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
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
  const hash = hashText(text);
  for (let probe = 0, slot = hash & mask; probe <= mask; probe += 1, slot = (slot + 1) & mask) {
    const at = word(words, dictionary + 2 + slot * 2);
    if (at === 0) return 0;
    if (word(words, at + 1) === hash && isText(words, at, text)) return word(words, dictionary + 3 + slot * 2);
  }
  return 0;
}

function isText(words: Int32Array, at: number, text: string): boolean {
  const head = word(words, at);
  if ((head & 0x7fffffff) !== text.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (unitAt(words, at, head < 0, index) !== text.charCodeAt(index)) return false;
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
