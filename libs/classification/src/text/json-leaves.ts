import { isLetter } from './characters.js';

/** One string or number inside a text that is itself JSON: tool arguments, tool results. */
export interface InnerLeaf {
  readonly key: string;
  /** As decoded; numbers as their source text. */
  readonly text: string;
  /** Offsets of the content in the outer text, quotes excluded. */
  readonly start: number;
  readonly end: number;
  readonly isString: boolean;
  /** For each UTF-16 unit of `text` (and its end) the outer offset; undefined while they run in step. */
  readonly map: Int32Array | undefined;
}

const MAX_DEPTH = 64;
const MAX_LEAVES = 20_000;

/** The leaves of a JSON text with their positions, or undefined when the text is not one JSON object or array. */
export function jsonLeaves(text: string): readonly InnerLeaf[] | undefined {
  const first = /^\s*([[{])/.exec(text);
  if (!first || !/[\]}]\s*$/.test(text)) return undefined;
  const reader = new Reader(text);
  return reader.read() ? reader.leaves : undefined;
}

const numberOrWord = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
// eslint-disable-next-line no-control-regex -- RFC 8259 forbids them unescaped.
const plain = /[^"\\\u0000-\u001f]*/y;
const simple: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  '"': '"',
  '\\': '\\',
  '/': '/',
};

/** RFC 8259, 2: space, tab, line feed, carriage return. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** A strict reader that keeps positions; no value ever passes through a floating-point number. */
class Reader {
  readonly leaves: InnerLeaf[] = [];
  #at = 0;

  constructor(readonly text: string) {}

  read(): boolean {
    if (!this.#value('', 0)) return false;
    this.#blank();
    return this.#at === this.text.length;
  }

  #blank(): void {
    while (this.#at < this.text.length && isBlank(this.text.charCodeAt(this.#at))) this.#at += 1;
  }

  #take(sign: string): boolean {
    this.#blank();
    if (this.text[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #value(key: string, depth: number): boolean {
    if (depth > MAX_DEPTH || this.leaves.length > MAX_LEAVES) return false;
    this.#blank();
    const sign = this.text[this.#at];
    if (sign === '{') return this.#object(depth);
    if (sign === '[') return this.#array(key, depth);
    if (sign === '"') {
      const leaf = this.#string(key);
      if (leaf) this.leaves.push(leaf);
      return leaf !== undefined;
    }
    numberOrWord.lastIndex = this.#at;
    const match = numberOrWord.exec(this.text);
    if (!match) return false;
    const start = this.#at;
    this.#at += match[0].length;
    if (!isLetter(match[0].charCodeAt(0)))
      this.leaves.push({ key, text: match[0], start, end: this.#at, isString: false, map: undefined });
    return true;
  }

  #object(depth: number): boolean {
    this.#at += 1;
    if (this.#take('}')) return true;
    do {
      this.#blank();
      if (this.text[this.#at] !== '"') return false;
      const name = this.#string('');
      if (!name || !this.#take(':') || !this.#value(name.text, depth + 1)) return false;
      if (name.text.length > 40 || /[@\d]/.test(name.text)) this.leaves.push(name);
    } while (this.#take(','));
    return this.#take('}');
  }

  #array(key: string, depth: number): boolean {
    this.#at += 1;
    if (this.#take(']')) return true;
    do {
      if (!this.#value(key, depth + 1)) return false;
    } while (this.#take(','));
    return this.#take(']');
  }

  #string(key: string): InnerLeaf | undefined {
    const start = this.#at + 1;
    plain.lastIndex = start;
    plain.test(this.text);
    if (this.text[plain.lastIndex] === '"') {
      this.#at = plain.lastIndex + 1;
      const end = plain.lastIndex;
      return { key, text: this.text.slice(start, end), start, end, isString: true, map: undefined };
    }
    return this.#escaped(key, start);
  }

  #escaped(key: string, start: number): InnerLeaf | undefined {
    const pieces: string[] = [];
    const map: number[] = [];
    let at = start;
    for (;;) {
      const code = this.text.charCodeAt(at);
      if (Number.isNaN(code) || code < 0x20) return undefined;
      if (code === 0x22) break;
      map.push(at);
      if (code !== 0x5c) {
        pieces.push(this.text[at]!);
        at += 1;
        continue;
      }
      const sign = this.text[at + 1] ?? '';
      const hex = sign === 'u' ? /^[0-9a-fA-F]{4}$/.exec(this.text.slice(at + 2, at + 6)) : null;
      const decoded = hex ? String.fromCharCode(Number.parseInt(hex[0], 16)) : simple[sign];
      if (decoded === undefined) return undefined;
      pieces.push(decoded);
      at += hex ? 6 : 2;
    }
    map.push(at);
    this.#at = at + 1;
    return { key, text: pieces.join(''), start, end: at, isString: true, map: Int32Array.from(map) };
  }
}
