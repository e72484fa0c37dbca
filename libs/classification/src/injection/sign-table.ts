import { firstGrams, gramAt, Grams, GramSet, type Need, signOf } from '../text/grams.js';
import { needOf, wordHeadsOf } from '../text/needs.js';
import { tokenAt, type Tokens } from '../text/tokens.js';
import type { Sign } from './phrases.js';

export interface Hit {
  readonly sign: Sign;
  readonly start: number;
  readonly end: number;
}

interface Entry {
  readonly sign: Sign;
  readonly need: Need;
  /** The words that its matches begin with, or as much as is known of their beginnings. */
  readonly heads: readonly string[];
  /** Tried where one of its words begins; undefined for an expression that may match anywhere. */
  readonly sticky: RegExp | undefined;
  /** True when it has no letter of ASCII, and so matches no text of ASCII alone. */
  readonly isForeign: boolean;
}

/** Letters, digits and the underscore: what `\b` of an expression without the `u` flag takes for a word. */
const isWord = new Uint8Array(65_536);
for (let code = 0; code < 0x80; code += 1) isWord[code] = /\w/.test(String.fromCharCode(code)) ? 1 : 0;
const UNDERSCORE = 0x5f;

/** Signs stand in several tables; what is read off an expression is read once. */
const entries = new Map<Sign, Entry>();

function entryOf(sign: Sign): Entry {
  const { pattern } = sign;
  const heads = wordHeadsOf(pattern);
  return {
    sign,
    need: needOf(pattern),
    heads: heads ?? [],
    sticky: heads ? new RegExp(pattern.source, `${pattern.flags}y`) : undefined,
    isForeign: !/[A-Za-z]/.test(pattern.source.replaceAll(/\\[A-Za-z]/g, '')),
  };
}

/** The grams of a text serve for a part of it that is at least a third of it, and of a text so short for every part. */
const SHARE = 3;
const SHORT = 16 * 1024;

/** An entry by one of its heads: the signs behind those by which it is found. */
interface Beginning {
  readonly index: number;
  readonly rest: Uint8Array;
}

const GRAM = 3;
/** A head of so many signs is found by all of them, a shorter one by its first three. */
const LONG = 5;
/** So much of a head is compared before its expression is tried. */
const HEAD = 7;
const NONE = -1;

function signsBehind(head: string, from: number): Uint8Array {
  return Uint8Array.from(head.slice(from), (sign) => signOf[sign.charCodeAt(0)]!);
}

/** The five signs from the offset on, whose first three are known, as one number; `NONE` where the text ends before. */
function fiveAt(text: string, at: number, gram: number): number {
  if (at + LONG > text.length) return NONE;
  return (gram << 10) | (signOf[text.charCodeAt(at + 3)]! << 5) | signOf[text.charCodeAt(at + 4)]!;
}

/** Five signs as one of the numbers that a set of grams holds. */
function folded(five: number): number {
  return Math.imul(five, 0x9e3779b1) >>> 17;
}

function goesOn(text: string, from: number, signs: Uint8Array): boolean {
  if (from + signs.length > text.length) return signs.length === 0;
  for (let at = 0; at < signs.length; at += 1) if (signOf[text.charCodeAt(from + at)] !== signs[at]) return false;
  return true;
}

/** What is known of an entry in one text: nothing yet, that it may match, that it is done with. */
const OPEN = 1;
const DONE = 2;

/**
 * Many signs, found without running each over the whole text: an expression runs only where all that it needs occurs,
 * and one whose every match begins with some word is tried only where that word begins.
 */
export class SignTable {
  readonly #entries: readonly Entry[];
  /** The entries that may match anywhere. */
  readonly #anywhere: readonly number[];
  /** Which entries may begin at a word, by its first five signs and by its first three. */
  readonly #long = new Map<number, Beginning[]>();
  readonly #short = new Map<number, Beginning[]>();
  /** What stands in these tables, and the first three signs of all of it. */
  readonly #longHeads = new GramSet();
  readonly #shortHeads = new GramSet();
  readonly #heads = new GramSet();
  readonly #state: Uint8Array;
  readonly #grams = new Grams();

  constructor(signs: readonly Sign[]) {
    this.#entries = signs.map((sign, index) => {
      const entry = entries.get(sign) ?? entryOf(sign);
      entries.set(sign, entry);
      for (const head of new Set(entry.heads.map((each) => each.slice(0, HEAD)))) this.#begin(index, head);
      return entry;
    });
    this.#anywhere = this.#entries.flatMap((entry, index) => (entry.sticky ? [] : [index]));
    this.#state = new Uint8Array(signs.length);
  }

  #begin(index: number, head: string): void {
    for (const gram of firstGrams(head)) {
      const five = fiveAt(head, 0, gram);
      const [table, set, key] =
        five === NONE ? [this.#short, this.#shortHeads, gram] : [this.#long, this.#longHeads, five];
      const beginning = { index, rest: signsBehind(head, five === NONE ? GRAM : LONG) };
      table.set(key, [...(table.get(key) ?? []), beginning]);
      set.add(five === NONE ? gram : folded(five));
      this.#heads.add(gram);
    }
  }

  /** The first match of each sign in the text, in the order of the table. */
  find(text: string): readonly Hit[] {
    const grams = this.#grams.read(text);
    const found = this.#findAnywhere(text, grams);
    this.#tryEvery(text, grams, found);
    return known(found);
  }

  /** The same in a part of a text whose words are known, `part` being what stands from `from` on. */
  findIn(tokens: Tokens, from: number, part: string): readonly Hit[] {
    // What the whole text lacks, its part lacks; of a long text that says little.
    const { length } = tokens.text;
    const grams = length <= SHORT || length <= part.length * SHARE ? tokens.grams : this.#grams.read(part);
    const found = this.#findAnywhere(part, grams);
    if (tokens.isPlain) this.#tryTokens(tokens, from, part, grams, found);
    else this.#tryEvery(part, grams, found);
    return known(found);
  }

  #findAnywhere(text: string, grams: Grams): (Hit | undefined)[] {
    const found: (Hit | undefined)[] = [];
    this.#state.fill(0);
    for (const index of this.#anywhere) {
      if (!this.#isOpen(index, grams)) continue;
      const { sign } = this.#entries[index]!;
      const match = sign.pattern.exec(text);
      if (match) found[index] = { sign, start: match.index, end: match.index + match[0].length };
    }
    return found;
  }

  /** In a text of ASCII a word begins where a token does, unless an underscore stands before it. */
  #tryTokens(tokens: Tokens, from: number, part: string, grams: Grams, found: (Hit | undefined)[]): void {
    const { text, count, start, head } = tokens;
    for (let index = tokenAt(tokens, from); index < count; index += 1) {
      // A word that the part cuts begins where the part does.
      const at = Math.max(0, start[index]! - from);
      if (at >= part.length - 1) return;
      const isWhole = at === start[index]! - from && at + GRAM <= part.length;
      const gram = isWhole ? head[index]! : gramAt(part, at);
      if (this.#heads.has(gram) && (at === 0 || text.charCodeAt(from + at - 1) !== UNDERSCORE))
        this.#try(part, at, gram, grams, found);
    }
  }

  #tryEvery(text: string, grams: Grams, found: (Hit | undefined)[]): void {
    let isInside = 0;
    for (let at = 0; at < text.length - 1; at += 1) {
      const inside = isWord[text.charCodeAt(at)]!;
      if (inside !== 0 && isInside === 0) {
        const gram = gramAt(text, at);
        if (this.#heads.has(gram)) this.#try(text, at, gram, grams, found);
      }
      isInside = inside;
    }
  }

  #try(text: string, at: number, gram: number, grams: Grams, found: (Hit | undefined)[]): void {
    const five = fiveAt(text, at, gram);
    if (five !== NONE && this.#longHeads.has(folded(five)))
      this.#tryAll(text, at, LONG, this.#long.get(five) ?? [], grams, found);
    if (this.#shortHeads.has(gram)) this.#tryAll(text, at, GRAM, this.#short.get(gram) ?? [], grams, found);
  }

  #tryAll(
    text: string,
    at: number,
    compared: number,
    beginnings: readonly Beginning[],
    grams: Grams,
    found: (Hit | undefined)[],
  ): void {
    for (const { index, rest } of beginnings) {
      if (!goesOn(text, at + compared, rest) || !this.#isOpen(index, grams)) continue;
      const { sign, sticky } = this.#entries[index]!;
      sticky!.lastIndex = at;
      if (!sticky!.test(text)) continue;
      found[index] = { sign, start: at, end: sticky!.lastIndex };
      this.#state[index] = DONE;
    }
  }

  /** True while the entry may match; what it needs is asked once a text. */
  #isOpen(index: number, grams: Grams): boolean {
    if (this.#state[index] === 0) {
      const { need, isForeign } = this.#entries[index]!;
      this.#state[index] = !(isForeign && grams.isPlain) && grams.mayHold(need) ? OPEN : DONE;
    }
    return this.#state[index] === OPEN;
  }
}

const none: readonly Hit[] = [];

function known(found: readonly (Hit | undefined)[]): readonly Hit[] {
  return found.length === 0 ? none : found.filter((hit) => hit !== undefined);
}
