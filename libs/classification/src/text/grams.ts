/**
 * Every character as one of 32 signs: a letter whatever its case, a blank, a digit whatever its value, the rest in a few
 * groups. What two texts have in common character by character under any flag of an expression, they have in common
 * here too, so that what these signs rule out cannot match.
 */
export const signOf = new Uint8Array(65_536);

const DIGIT_SIGN = 27;
const BREAK_SIGN = 28;
const QUOTE_SIGN = 29;
const POINT_SIGN = 30;
const OTHER_SIGN = 31;

for (let code = 0; code < 65_536; code += 1) signOf[code] = toSign(code);

function toSign(code: number): number {
  if (code === 0x20) return 0;
  if (code >= 0x30 && code <= 0x39) return DIGIT_SIGN;
  if (code === 0x09 || code === 0x0a || code === 0x0d) return BREAK_SIGN;
  if (code === 0x22 || code === 0x27 || code === 0x60) return QUOTE_SIGN;
  if (code === 0x2e || code === 0x2c || code === 0x2d || code === 0x3a) return POINT_SIGN;
  const upper = String.fromCharCode(code).toUpperCase();
  const lower = (upper.length === 1 ? upper : String.fromCharCode(code)).toLowerCase();
  const plain = lower.length === 1 ? lower.charCodeAt(0) : code;
  if (plain >= 0x61 && plain <= 0x7a) return plain - 0x60;
  return plain < 0x80 ? OTHER_SIGN : 1 + (plain % 26);
}

const WORDS = 1 << 10;
export const GRAM_MASK = (1 << 15) - 1;

/** Which three characters in a row a text holds, one bit each: made in the walk over its words, asked by every expression. */
export class Grams {
  readonly bits = new Uint32Array(WORDS);
  /** True when every character is ASCII. */
  isPlain = true;

  /** Forgets the text it knew, and reads this one. */
  read(text: string): this {
    const bits = this.bits.fill(0);
    const { length } = text;
    let gram = 0;
    let codes = 0;
    for (let at = 0; at < length; at += 1) {
      const code = text.charCodeAt(at);
      codes |= code;
      gram = ((gram << 5) | signOf[code]!) & GRAM_MASK;
      // The first two stand behind blanks that are not there, which rules out no more than the text does.
      bits[gram >> 5]! |= 1 << (gram & 31);
    }
    this.isPlain = codes < 0x80;
    return this;
  }

  /** False when the text cannot hold what is needed; true says nothing. */
  mayHold(need: Need): boolean {
    for (let clause = 0; clause < need.length;) {
      const end = clause + 1 + need[clause]!;
      let literal = clause + 1;
      while (literal < end && !this.#holds(need, literal)) literal += 1 + need[literal]!;
      if (literal >= end) return false;
      clause = end;
    }
    return true;
  }

  #holds(need: Need, literal: number): boolean {
    const { bits } = this;
    const end = literal + 1 + need[literal]!;
    let at = literal + 1;
    while (at < end && (bits[need[at]! >> 5]! & (1 << (need[at]! & 31))) !== 0) at += 1;
    return at === end;
  }
}

/** Some of all grams, one bit each. */
export class GramSet {
  readonly #bits = new Uint32Array(WORDS);

  add(gram: number): void {
    this.#bits[gram >> 5]! |= 1 << (gram & 31);
  }

  has(gram: number): boolean {
    return (this.#bits[gram >> 5]! & (1 << (gram & 31))) !== 0;
  }
}

/**
 * Clauses, of each of which a text must hold one literal, in one row of numbers, because it is read for every text: a clause
 * is the count of the numbers that follow for it, and then its literals; a literal is the count of its grams, and then they.
 * An empty need rules nothing out.
 */
export type Need = Uint16Array;

export function packNeed(clauses: readonly (readonly string[])[]): Need {
  const packed: number[] = [];
  for (const clause of clauses) {
    const literals = clause.flatMap((literal) => {
      const grams = gramsOf(literal);
      return [grams.length, ...grams];
    });
    packed.push(literals.length, ...literals);
  }
  return Uint16Array.from(packed);
}

export function gramsOf(literal: string): Uint16Array {
  const grams: number[] = [];
  for (let at = 0; at + 3 <= literal.length; at += 1) grams.push(gramAt(literal, at));
  return Uint16Array.from(grams);
}

/** The three signs from the offset on as one number of 15 bits. */
export function gramAt(text: string, at: number): number {
  return (
    (signOf[text.charCodeAt(at)]! << 10) | (signOf[text.charCodeAt(at + 1)]! << 5) | signOf[text.charCodeAt(at + 2)]!
  );
}

/** The first three signs of a text that begins so; of a head of two characters, with any sign behind it. */
export function firstGrams(head: string): readonly number[] {
  if (head.length >= 3) return [gramAt(head, 0)];
  const pair = (signOf[head.charCodeAt(0)]! << 10) | (signOf[head.charCodeAt(1)]! << 5);
  return Array.from({ length: 1 << 5 }, (_, sign) => pair | sign);
}
