import { err, ok, type Result } from '@writ/domain';

/** A JSON text as a tree that knows where each token stands. Offsets are UTF-16, quotes included. */
export type Node = Composite | Scalar;
export type Composite = ObjectNode | ListNode;
export interface ObjectNode {
  readonly kind: 'object';
  readonly start: number;
  readonly end: number;
  readonly members: readonly Member[];
}
export interface Member {
  readonly name: string;
  /** The key's token. */
  readonly start: number;
  readonly end: number;
  readonly value: Node;
}
export interface ListNode {
  readonly kind: 'list';
  readonly start: number;
  readonly end: number;
  readonly items: readonly Node[];
}
export type Scalar =
  | { readonly kind: 'string'; readonly start: number; readonly end: number; readonly text: string }
  | { readonly kind: 'number'; readonly start: number; readonly end: number; readonly value: number }
  | { readonly kind: 'boolean'; readonly start: number; readonly end: number; readonly value: boolean }
  | { readonly kind: 'null'; readonly start: number; readonly end: number };

/** What is wrong, and where: a JSON pointer. The message holds nothing of the text. */
export interface JsonFault {
  readonly pointer: string;
  readonly message: string;
}

export interface JsonLimits {
  readonly depth: number;
  readonly nodes: number;
}

const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** Everything a string may hold as it is: not a quote, not a backslash, not a control character. */
const plain = /[ !#-[\]-\uffff]*/y;
const space = /[ \t\n\r]*/y;

const spaceCode = 0x20;
const shortestForbidden = 9;
const fewMembers = 12;

/** The keys of one object. A few are compared one by one, which costs less than a set; many never are. */
class Names {
  #many: Set<string> | undefined;

  /** False when `members` has the name already. */
  add(name: string, members: readonly Member[]): boolean {
    if (members.length < fewMembers) {
      for (const given of members) if (given.name === name) return false;
      return true;
    }
    this.#many ??= new Set(members.map((given) => given.name));
    if (this.#many.has(name)) return false;
    this.#many.add(name);
    return true;
  }
}

/** Not an Error that leaves this file: it only unwinds the parser. */
class Stop extends Error {
  constructor(readonly fault: JsonFault) {
    super(fault.message);
  }
}

/**
 * Reads exactly RFC 8259, and refuses what parsers disagree about: duplicate keys, a byte order mark, numbers beyond
 * a double, lone surrogates, and keys that reach an object's prototype. Nothing is ever "last wins".
 */
export function parseJson(text: string, limits: JsonLimits): Result<Node, JsonFault> {
  try {
    return ok(new Parser(text, limits).document());
  } catch (error) {
    if (error instanceof Stop) return err(error.fault);
    throw error;
  }
}

class Parser {
  #at = 0;
  #nodes = 0;
  readonly #path: (string | number)[] = [];
  readonly #text: string;
  readonly #limits: JsonLimits;

  constructor(text: string, limits: JsonLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  document(): Node {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#stop('the text starts with a byte order mark');
    const node = this.#value();
    this.#space();
    if (this.#at !== this.#text.length) this.#stop('something follows the JSON value');
    return node;
  }

  #value(): Node {
    this.#space();
    this.#nodes += 1;
    if (this.#nodes > this.#limits.nodes) this.#stop('there are too many values');
    const start = this.#at;
    switch (this.#text[start]) {
      case '{':
        return this.#object(start);
      case '[':
        return this.#list(start);
      case '"':
        return { kind: 'string', start, text: this.#string(), end: this.#at };
      case 't':
        return this.#word('true', { kind: 'boolean', start, end: start + 4, value: true });
      case 'f':
        return this.#word('false', { kind: 'boolean', start, end: start + 5, value: false });
      case 'n':
        return this.#word('null', { kind: 'null', start, end: start + 4 });
      default:
        return this.#number(start);
    }
  }

  #object(start: number): ObjectNode {
    this.#enter();
    const members: Member[] = [];
    const names = new Names();
    if (this.#opens('}')) return { kind: 'object', start, end: this.#at, members };
    for (;;) {
      this.#space();
      const keyStart = this.#at;
      if (this.#text[keyStart] !== '"') this.#stop('an object key is missing');
      const name = this.#string();
      const keyEnd = this.#at;
      this.#path.push(name);
      if (!names.add(name, members)) this.#stop('the key is given twice');
      if (name.length >= shortestForbidden && forbiddenKeys.has(name)) this.#stop('the key is not allowed');
      this.#space();
      this.#take(':');
      members.push({ name, start: keyStart, end: keyEnd, value: this.#value() });
      this.#path.pop();
      if (this.#closes('}')) return { kind: 'object', start, end: this.#at, members };
    }
  }

  #list(start: number): ListNode {
    this.#enter();
    const items: Node[] = [];
    if (this.#opens(']')) return { kind: 'list', start, end: this.#at, items };
    for (;;) {
      this.#path.push(items.length);
      items.push(this.#value());
      this.#path.pop();
      if (this.#closes(']')) return { kind: 'list', start, end: this.#at, items };
    }
  }

  #enter(): void {
    this.#at += 1;
    if (this.#path.length >= this.#limits.depth) this.#stop('it is nested too deeply');
  }

  /** Right after the opening bracket: true when it closes at once. */
  #opens(close: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== close) return false;
    this.#at += 1;
    return true;
  }

  #closes(close: string): boolean {
    this.#space();
    const found = this.#text[this.#at];
    if (found !== close && found !== ',') this.#stop('a comma or a closing bracket is missing');
    this.#at += 1;
    return found === close;
  }

  #string(): string {
    const start = this.#at;
    let isPlain = true;
    this.#at += 1;
    for (;;) {
      plain.lastIndex = this.#at;
      plain.test(this.#text);
      this.#at = plain.lastIndex;
      const next = this.#text[this.#at];
      if (next === '"') break;
      if (next !== '\\') this.#stop('a string does not end, or holds a control character');
      isPlain = false;
      this.#at += 2;
    }
    this.#at += 1;
    const text = isPlain ? this.#text.slice(start + 1, this.#at - 1) : this.#decode(this.#text.slice(start, this.#at));
    if (!text.isWellFormed()) this.#stop('a string holds half of a surrogate pair');
    return text;
  }

  #decode(token: string): string {
    try {
      return JSON.parse(token) as string;
    } catch {
      return this.#stop('a string holds a wrong escape');
    }
  }

  #number(start: number): Node {
    number.lastIndex = start;
    if (!number.test(this.#text)) this.#stop('a value is missing or is not JSON');
    this.#at = number.lastIndex;
    const value = Number(this.#text.slice(start, this.#at));
    if (!Number.isFinite(value)) this.#stop('a number is too large');
    return { kind: 'number', start, end: this.#at, value };
  }

  #word(word: string, node: Node): Node {
    if (!this.#text.startsWith(word, this.#at)) this.#stop('a value is missing or is not JSON');
    this.#at += word.length;
    return node;
  }

  #take(character: string): void {
    if (this.#text[this.#at] !== character) this.#stop(`a "${character}" is missing`);
    this.#at += 1;
  }

  #space(): void {
    // Nearly always there is none.
    if (this.#text.charCodeAt(this.#at) > spaceCode) return;
    space.lastIndex = this.#at;
    space.test(this.#text);
    this.#at = space.lastIndex;
  }

  #stop(message: string): never {
    throw new Stop({ pointer: pointerTo(this.#path), message });
  }
}

/** RFC 6901. A name is cut at 64 characters and kept printable, because callers choose names. */
export function pointerTo(path: readonly (string | number)[]): string {
  return path.map((part) => `/${pointerPart(part)}`).join('');
}

export function pointerPart(part: string | number): string {
  return String(part)
    .slice(0, 64)
    .replaceAll('~', '~0')
    .replaceAll('/', '~1')
    .replaceAll(/[^\x21-\x7e]/g, '?');
}

export function member(node: Node | undefined, name: string): Node | undefined {
  if (node?.kind !== 'object') return undefined;
  return node.members.find((candidate) => candidate.name === name)?.value;
}

export function itemsOf(node: Node | undefined): readonly Node[] {
  return node?.kind === 'list' ? node.items : [];
}

export function textOf(node: Node | undefined): string | undefined {
  return node?.kind === 'string' ? node.text : undefined;
}

export function numberOf(node: Node | undefined): number | undefined {
  return node?.kind === 'number' ? node.value : undefined;
}
