/** Character classes of the basic multilingual plane, one byte each, so that the inner loops never run a regex. */
export const LETTER = 1;
export const DIGIT = 2;
export const UPPER = 4;
export const SPACE = 8;
export const BREAK = 16;
/** Outside ASCII in a way that may hide something: format controls, fullwidth forms, foreign digits, enclosed letters. */
export const STRANGE = 32;

export const classOf = new Uint8Array(65_536);
export const lowerOf = new Uint16Array(65_536);

const letters = /\p{L}|\p{M}/u;
const uppers = /\p{Lu}/u;
const digits = /\p{Nd}/u;
const formats = /\p{Cf}|\p{Variation_Selector}/u;

function classify(code: number): number {
  const character = String.fromCharCode(code);
  if (code >= 0x30 && code <= 0x39) return DIGIT;
  if (code === 0x0a || code === 0x0d || code === 0x2028 || code === 0x2029) return SPACE | BREAK;
  // U+FEFF is white space to JavaScript, and invisible to people.
  if (code === 0xfeff) return STRANGE;
  if (/\s/.test(character)) return SPACE;
  if (code < 0x80) {
    if (code >= 0x41 && code <= 0x5a) return LETTER | UPPER;
    return code >= 0x61 && code <= 0x7a ? LETTER : 0;
  }
  if (code >= 0xd800 && code <= 0xdfff) return STRANGE;
  if (formats.test(character)) return STRANGE;
  const isStrange = digits.test(character) || (code >= 0xff00 && code <= 0xffef) || isSymbolLetter(code);
  const strange = isStrange ? STRANGE : 0;
  if (uppers.test(character)) return LETTER | UPPER | strange;
  return (letters.test(character) ? LETTER : 0) | strange;
}

/** Letter-like symbols, super- and subscripts and enclosed alphanumerics: what NFKC folds to ASCII. */
function isSymbolLetter(code: number): boolean {
  return (
    code === 0xb2 ||
    code === 0xb3 ||
    code === 0xb9 ||
    (code >= 0x2070 && code <= 0x209f) ||
    (code >= 0x2100 && code <= 0x214f) ||
    (code >= 0x2460 && code <= 0x24ff)
  );
}

for (let code = 0; code < 65_536; code += 1) {
  classOf[code] = classify(code);
  const lower = String.fromCharCode(code).toLowerCase();
  lowerOf[code] = lower.length === 1 ? lower.charCodeAt(0) : code;
}

export function isLetter(code: number): boolean {
  return (classOf[code]! & LETTER) !== 0;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isWordCode(code: number): boolean {
  return (classOf[code]! & (LETTER | DIGIT)) !== 0;
}

export function isSpace(code: number): boolean {
  return (classOf[code]! & SPACE) !== 0;
}

/** One separator of an identifier as its plain form: every dash is `-`, every blank is a space; 0 when it is none. */
export function separatorOf(code: number): number {
  if (code === 0x2d || code === 0x20 || code === 0x2e || code === 0x2f) return code;
  if ((code >= 0x2010 && code <= 0x2015) || code === 0x2212) return 0x2d;
  if (code === 0xa0 || code === 0x202f || code === 0x2009 || code === 0x2007) return 0x20;
  return 0;
}
