import { type Result, err, ok } from '@writ/domain';

/** What a filter may ask about, in lower case, as SCIM's names ignore case: texts, truths or lists of texts. */
export type Attributes = Readonly<Record<string, string | boolean | readonly string[] | null>>;
export type Filter = (attributes: Attributes) => boolean;

const token = /\s*(\(|\)|"(?:[^"\\]|\\.)*"|[A-Za-z$][\w.:$-]*)/y;
const longest = 1_024;
const deepest = 16;

/**
 * RFC 7644 section 3.4.2.2 over the named attributes: eq, ne, co, sw, ew, pr, with and, or, not and parentheses. Text is
 * compared without case. An attribute that is not known, or anything else, is an error: a filter that was misread would
 * show or change the wrong people.
 */
export function parseFilter(text: string, known: ReadonlySet<string>): Result<Filter, 'unsupported'> {
  const tokens = tokensOf(text);
  if (tokens === undefined) return err('unsupported');
  const parser = new Parser(tokens, known);
  const filter = parser.either(0);
  return filter !== undefined && parser.isAtEnd() ? ok(filter) : err('unsupported');
}

function tokensOf(text: string): readonly string[] | undefined {
  if (text.length > longest) return undefined;
  const found: string[] = [];
  const end = text.trimEnd().length;
  for (token.lastIndex = 0; token.lastIndex < end;) {
    const match = token.exec(text);
    if (!match) return undefined;
    found.push(match[1] ?? '');
  }
  return found;
}

class Parser {
  private at = 0;

  constructor(
    private readonly tokens: readonly string[],
    private readonly known: ReadonlySet<string>,
  ) {}

  isAtEnd(): boolean {
    return this.at === this.tokens.length;
  }

  /** `or` binds weaker than `and`, `and` weaker than `not`. */
  either(depth: number): Filter | undefined {
    let left = this.both(depth);
    while (left !== undefined && this.takes('or')) {
      const [one, other] = [left, this.both(depth)];
      left = other && ((attributes) => one(attributes) || other(attributes));
    }
    return left;
  }

  private both(depth: number): Filter | undefined {
    let left = this.one(depth);
    while (left !== undefined && this.takes('and')) {
      const [one, other] = [left, this.one(depth)];
      left = other && ((attributes) => one(attributes) && other(attributes));
    }
    return left;
  }

  private one(depth: number): Filter | undefined {
    if (depth > deepest) return undefined;
    if (this.takes('not')) {
      const inner = this.tokens[this.at] === '(' ? this.one(depth + 1) : undefined;
      return inner && ((attributes) => !inner(attributes));
    }
    if (!this.takes('(')) return this.comparison();
    const inner = this.either(depth + 1);
    return this.takes(')') ? inner : undefined;
  }

  private comparison(): Filter | undefined {
    const name = this.next().toLowerCase();
    const operator = this.next().toLowerCase();
    if (!this.known.has(name)) return undefined;
    if (operator === 'pr') return (attributes) => valuesOf(attributes[name]).length > 0;
    const value = valueOf(this.next());
    const compare = value === undefined ? undefined : comparisons[operator];
    if (compare === undefined || value === undefined) return undefined;
    const matches: Filter = (attributes) => valuesOf(attributes[name]).some((seen) => compare(seen, value));
    return operator === 'ne' ? (attributes) => !valuesOf(attributes[name]).includes(value) : matches;
  }

  private next(): string {
    return this.tokens[this.at++] ?? '';
  }

  private takes(word: string): boolean {
    const isNext = this.tokens[this.at]?.toLowerCase() === word;
    if (isNext) this.at += 1;
    return isNext;
  }
}

const comparisons: Readonly<Record<string, (seen: string, value: string) => boolean>> = {
  eq: (seen, value) => seen === value,
  ne: (seen, value) => seen !== value,
  co: (seen, value) => seen.includes(value),
  sw: (seen, value) => seen.startsWith(value),
  ew: (seen, value) => seen.endsWith(value),
};

/** A JSON string or truth. */
function valueOf(text: string): string | undefined {
  if (text === 'true' || text === 'false') return text;
  if (!text.startsWith('"')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}

function valuesOf(value: Attributes[string] | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  const list = typeof value === 'object' ? value : [String(value)];
  return list.map((each) => each.toLowerCase());
}
