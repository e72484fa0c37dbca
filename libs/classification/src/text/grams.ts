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
const MASK = (1 << 15) - 1;

/** Which three characters in a row a text holds, one bit each: made in one walk, asked by every expression. */
export class Grams {
  readonly #bits = new Uint32Array(WORDS);
  #isPlain = true;

  /** True when every character is ASCII. */
  get isPlain(): boolean {
    return this.#isPlain;
  }

  /** Forgets the text it knew, and reads this one. */
  read(text: string): this {
    const bits = this.#bits.fill(0);
    const head = Math.min(text.length, 2);
    let gram = 0;
    let codes = 0;
    for (let at = 0; at < head; at += 1) {
      codes |= text.charCodeAt(at);
      gram = (gram << 5) | signOf[text.charCodeAt(at)]!;
    }
    for (let at = head; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      codes |= code;
      gram = ((gram << 5) | signOf[code]!) & MASK;
      bits[gram >> 5]! |= 1 << (gram & 31);
    }
    this.#isPlain = codes < 0x80;
    return this;
  }

  /** False when the text cannot hold what is needed; true says nothing. */
  mayHold(need: Need): boolean {
    for (const clause of need) if (!this.#holdsOne(clause)) return false;
    return true;
  }

  #holdsOne(clause: readonly Uint16Array[]): boolean {
    for (const grams of clause) {
      let at = 0;
      while (at < grams.length && (this.#bits[grams[at]! >> 5]! & (1 << (grams[at]! & 31))) !== 0) at += 1;
      if (at === grams.length) return true;
    }
    return false;
  }
}

/** Of each clause a text must hold one entry, which is the grams of a literal. An empty need rules nothing out. */
export type Need = readonly (readonly Uint16Array[])[];

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
