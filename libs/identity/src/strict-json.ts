import { err, ok, type JsonValue, type Result } from '@writ/domain';

export interface JsonBounds {
  readonly depth: number;
  readonly values: number;
}

/** Where a text ends; what stands in it is judged by `JSON.parse`. */
const string = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const space = /[ \t\n\r]*/y;

/**
 * JSON for text that someone signed: RFC 8259 without its leniency. Duplicate members, `__proto__`, lone surrogates, and
 * anything deeper or larger than `bounds` are refused. Objects have no prototype, so a claim cannot be inherited.
 */
export function parseStrictJson(text: string, bounds: JsonBounds): Result<JsonValue, string> {
  try {
    return ok(new Reader(text, bounds).whole());
  } catch (error) {
    if (error instanceof SyntaxError) return err(error.message);
    throw error;
  }
}

class Reader {
  #at = 0;
  #values = 0;

  constructor(
    private readonly text: string,
    private readonly bounds: JsonBounds,
  ) {}

  whole(): JsonValue {
    const value = this.#value(1);
    this.#skip();
    if (this.#at !== this.text.length) throw new SyntaxError('text after the value');
    return value;
  }

  #value(depth: number): JsonValue {
    if (depth > this.bounds.depth) throw new SyntaxError('too deep');
    if (++this.#values > this.bounds.values) throw new SyntaxError('too many values');
    this.#skip();
    switch (this.text[this.#at]) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonValue {
    const members = Object.create(null) as Record<string, JsonValue>;
    if (this.#opens('}')) return members;
    do {
      this.#skip();
      const name = this.#string();
      if (name === '__proto__' || name in members)
        throw new SyntaxError('a member name that is not allowed or repeated');
      this.#skip();
      this.#take(':');
      members[name] = this.#value(depth + 1);
    } while (this.#continues('}'));
    return members;
  }

  #array(depth: number): JsonValue {
    const items: JsonValue[] = [];
    if (this.#opens(']')) return items;
    do items.push(this.#value(depth + 1));
    while (this.#continues(']'));
    return items;
  }

  /** Steps over the opening bracket; true when the closing one follows at once. */
  #opens(close: string): boolean {
    this.#at += 1;
    this.#skip();
    if (this.text[this.#at] !== close) return false;
    this.#at += 1;
    return true;
  }

  #continues(close: string): boolean {
    this.#skip();
    if (this.text[this.#at] === ',') {
      this.#at += 1;
      return true;
    }
    this.#take(close);
    return false;
  }

  #string(): string {
    string.lastIndex = this.#at;
    const found = string.exec(this.text);
    if (!found) throw new SyntaxError('no text');
    this.#at = string.lastIndex;
    const value = JSON.parse(found[0]) as string;
    if (!value.isWellFormed()) throw new SyntaxError('a lone surrogate');
    return value;
  }

  #number(): number {
    number.lastIndex = this.#at;
    const found = number.exec(this.text);
    if (!found) throw new SyntaxError('no value');
    this.#at = number.lastIndex;
    return Number(found[0]);
  }

  #word<T extends JsonValue>(word: string, value: T): T {
    for (const letter of word) this.#take(letter);
    return value;
  }

  #take(letter: string): void {
    if (this.text[this.#at] !== letter) throw new SyntaxError(`expected ${letter}`);
    this.#at += 1;
  }

  #skip(): void {
    space.lastIndex = this.#at;
    space.exec(this.text);
    this.#at = space.lastIndex;
  }
}
