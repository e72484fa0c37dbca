/** Levels of brackets; more could lead a parser down a harmful depth. */
const deepest = 64;

const [quote, backslash, comma, colon, minus, zero, nine, openBracket, closeBracket, openBrace, closeBrace] =
  Array.from('"\\,:-09[]{}', (sign) => sign.charCodeAt(0)) as unknown as readonly [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
const wrong = -1;

/**
 * True when the text, decoded from UTF-8, is exactly what RFC 8785 writes for some value without floats: integers below 2^53,
 * names in the order of UTF-16 code units and once each, no white space, the one spelling of each escape, no NUL, at most 64
 * levels. Reads each unit once, and makes nothing.
 */
export function isCanonical(text: string): boolean {
  return endOfValue(text, 0, 0) === text.length;
}

/** Where the value that begins at `at` ends, or -1 when it is not canonical. So for every function below. */
function endOfValue(text: string, at: number, depth: number): number {
  const unit = text.charCodeAt(at);
  if (unit === quote) return endOfString(text, at);
  if (unit === openBrace) return depth < deepest ? endOfObject(text, at, depth + 1) : wrong;
  if (unit === openBracket) return depth < deepest ? endOfList(text, at, depth + 1) : wrong;
  if (unit === minus || (unit >= zero && unit <= nine)) return endOfInteger(text, at);
  for (const word of ['true', 'false', 'null']) if (text.startsWith(word, at)) return at + word.length;
  return wrong;
}

function endOfObject(text: string, open: number, depth: number): number {
  let at = open + 1;
  if (text.charCodeAt(at) === closeBrace) return at + 1;
  let before = wrong;
  for (;;) {
    const end = text.charCodeAt(at) === quote ? endOfString(text, at) : wrong;
    if (end === wrong || text.charCodeAt(end) !== colon) return wrong;
    if (before !== wrong && !isNameBefore(text, before, at, end)) return wrong;
    before = at;
    at = endOfValue(text, end + 1, depth);
    if (at === wrong) return wrong;
    const unit = text.charCodeAt(at);
    if (unit === closeBrace) return at + 1;
    if (unit !== comma) return wrong;
    at += 1;
  }
}

function endOfList(text: string, open: number, depth: number): number {
  let at = open + 1;
  if (text.charCodeAt(at) === closeBracket) return at + 1;
  for (;;) {
    at = endOfValue(text, at, depth);
    if (at === wrong) return wrong;
    const unit = text.charCodeAt(at);
    if (unit === closeBracket) return at + 1;
    if (unit !== comma) return wrong;
    at += 1;
  }
}

function endOfString(text: string, open: number): number {
  let at = open + 1;
  for (;;) {
    const unit = text.charCodeAt(at);
    if (unit === quote) return at + 1;
    if (unit === backslash) {
      const end = endOfEscape(text, at);
      if (end === wrong) return wrong;
      at = end;
    } else if (unit >= 0x20) at += 1;
    else return wrong; // a control, or the end of the text, which is no number
  }
}

const shortEscape = /["\\bfnrt]/;
/** Controls without a short escape of their own, and no NUL. */
const longEscape = /^\\u00(?:0[1-7be]|0f|1[0-9a-f])$/;

function endOfEscape(text: string, at: number): number {
  if (shortEscape.test(text.charAt(at + 1))) return at + 2;
  return longEscape.test(text.slice(at, at + 6)) ? at + 6 : wrong;
}

function endOfInteger(text: string, begin: number): number {
  const isNegative = text.charCodeAt(begin) === minus;
  let at = isNegative ? begin + 1 : begin;
  if (text.charCodeAt(at) === zero) return isNegative ? wrong : at + 1;
  const first = at;
  while (text.charCodeAt(at) >= zero && text.charCodeAt(at) <= nine) at += 1;
  if (at === first) return wrong;
  return at - first < 16 || Number.isSafeInteger(Number(text.slice(begin, at))) ? at : wrong;
}

/** Whether the name that stands at `before` sorts before the one in [at, end); both begin with their quote. */
function isNameBefore(text: string, before: number, at: number, end: number): boolean {
  for (let step = 1; ; step += 1) {
    const one = text.charCodeAt(before + step);
    const other = text.charCodeAt(at + step);
    if (one === backslash || other === backslash) return nameAt(text, before) < nameAt(text, at);
    if (at + step === end - 1) return false; // the second is a part of the first, or the same
    if (one === quote) return true;
    if (one !== other) return one < other;
  }
}

function nameAt(text: string, at: number): string {
  return JSON.parse(text.slice(at, endOfString(text, at))) as string;
}
