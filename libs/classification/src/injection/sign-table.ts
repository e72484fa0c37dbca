import { Grams, type Need, signOf } from '../text/grams.js';
import { needOf, wordHeadsOf } from '../text/needs.js';
import type { Sign } from './phrases.js';

export interface Hit {
  readonly sign: Sign;
  readonly start: number;
  readonly end: number;
}

interface Entry {
  readonly sign: Sign;
  readonly need: Need;
  /** The first two letters of the words that its matches begin with. */
  readonly pairs: ReadonlySet<number>;
  /** Tried where one of its words begins; undefined for an expression that may match anywhere. */
  readonly sticky: RegExp | undefined;
  /** True when it has no letter of ASCII, and so matches no text of ASCII alone. */
  readonly isForeign: boolean;
}

/** Letters, digits and the underscore: what `\\b` of an expression without the `u` flag takes for a word. */
const isWord = new Uint8Array(65_536);
for (let code = 0; code < 0x80; code += 1) isWord[code] = /\w/.test(String.fromCharCode(code)) ? 1 : 0;

/** Signs stand in several tables; what is read off an expression is read once. */
const entries = new Map<Sign, Entry>();

function entryOf(sign: Sign): Entry {
  const { pattern } = sign;
  const heads = wordHeadsOf(pattern);
  return {
    sign,
    need: needOf(pattern),
    pairs: new Set(heads?.map((head) => pairOf(head, 0))),
    sticky: heads ? new RegExp(pattern.source, `${pattern.flags}y`) : undefined,
    isForeign: !/[A-Za-z]/.test(pattern.source.replaceAll(/\\[A-Za-z]/g, '')),
  };
}

/**
 * Many signs, found without running each over the whole text: an expression runs only where all that it needs occurs,
 * and one whose every match begins with some word is tried only where that word begins.
 */
export class SignTable {
  readonly #entries: readonly Entry[];
  readonly #grams = new Grams();
  /** By the first two letters of a word: which entries may begin there. */
  readonly #starting: readonly (readonly number[])[];

  constructor(signs: readonly Sign[]) {
    const starting: number[][] = Array.from({ length: 1 << 10 }, () => []);
    this.#entries = signs.map((sign, index) => {
      const entry = entries.get(sign) ?? entryOf(sign);
      entries.set(sign, entry);
      for (const pair of entry.pairs) starting[pair]!.push(index);
      return entry;
    });
    this.#starting = starting;
  }

  /** The first match of each sign, in the order of the table. */
  find(text: string): readonly Hit[] {
    const grams = this.#grams.read(text);
    const open = this.#entries.map(({ need, isForeign }) => !(isForeign && grams.isPlain) && grams.mayHold(need));
    const found: (Hit | undefined)[] = [];
    for (const [index, { sign, sticky }] of this.#entries.entries()) {
      if (!open[index] || sticky) continue;
      const match = sign.pattern.exec(text);
      if (match) found[index] = { sign, start: match.index, end: match.index + match[0].length };
    }
    if (open.includes(true)) this.#tryWords(text, open, found);
    return found.filter((hit) => hit !== undefined);
  }

  #tryWords(text: string, open: boolean[], found: (Hit | undefined)[]): void {
    let isInside = 0;
    for (let at = 0; at < text.length - 1; at += 1) {
      const inside = isWord[text.charCodeAt(at)]!;
      if (inside !== 0 && isInside === 0) {
        for (const index of this.#starting[pairOf(text, at)]!) {
          if (!open[index]) continue;
          const { sign, sticky } = this.#entries[index]!;
          sticky!.lastIndex = at;
          if (!sticky!.test(text)) continue;
          found[index] = { sign, start: at, end: sticky!.lastIndex };
          open[index] = false;
        }
      }
      isInside = inside;
    }
  }
}

function pairOf(text: string, at: number): number {
  return (signOf[text.charCodeAt(at)]! << 5) | signOf[text.charCodeAt(at + 1)]!;
}
