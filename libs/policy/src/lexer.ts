/** `at` is an offset into the expression's own text. */
export interface Token {
  readonly kind: 'name' | 'text' | 'number' | 'symbol' | 'end' | 'bad';
  readonly text: string;
  readonly at: number;
}

const symbols = ['&&', '||', '==', '!=', '<=', '>=', '<', '>', '!', '(', ')', '[', ']', ',', '.'];
const spaces = new Set([' ', '\t', '\n', '\r']);
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', "'": "'", '\\': '\\' };

function isNameStart(character: string): boolean {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') || character === '_';
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}

/** One pass, no regular expressions, linear in the text. Stops at the first `bad` token. */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    if (spaces.has(source.charAt(at))) {
      at += 1;
      continue;
    }
    const { token, next } = nextToken(source, at);
    tokens.push(token);
    if (token.kind === 'bad') return tokens;
    at = next;
  }
  tokens.push({ kind: 'end', text: 'the end of the expression', at: source.length });
  return tokens;
}

function nextToken(source: string, at: number): { token: Token; next: number } {
  const first = source.charAt(at);
  if (isNameStart(first)) {
    let next = at + 1;
    while (next < source.length && (isNameStart(source.charAt(next)) || isDigit(source.charAt(next)))) next += 1;
    return { token: { kind: 'name', text: source.slice(at, next), at }, next };
  }
  if (isDigit(first) || (first === '-' && isDigit(source.charAt(at + 1)))) {
    let next = at + 1;
    while (next < source.length && (isDigit(source.charAt(next)) || source.charAt(next) === '.')) next += 1;
    return { token: { kind: 'number', text: source.slice(at, next), at }, next };
  }
  if (first === '"' || first === "'") return quoted(source, at, first);
  const symbol = symbols.find((candidate) => source.startsWith(candidate, at));
  if (symbol === undefined) return { token: { kind: 'bad', text: first, at }, next: at + 1 };
  return { token: { kind: 'symbol', text: symbol, at }, next: at + symbol.length };
}

function quoted(source: string, at: number, quote: string): { token: Token; next: number } {
  let value = '';
  for (let next = at + 1; next < source.length; next += 1) {
    const character = source.charAt(next);
    if (character === quote) return { token: { kind: 'text', text: value, at }, next: next + 1 };
    if (character === '\\') {
      next += 1;
      const escaped = escapes[source.charAt(next)];
      if (escaped === undefined) break;
      value += escaped;
    } else value += character;
  }
  return { token: { kind: 'bad', text: quote, at }, next: source.length };
}
