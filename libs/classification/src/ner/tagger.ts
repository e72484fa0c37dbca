import type { Tokens } from '../text/tokens.js';
import { contextFeatures, FEATURES, formFeatures, Setting, wordFeatures } from './features.js';
import { PACKED, weights } from './weights.js';

/** Taken from the score of "nobody", whom training met most. */
const LEANING = 25;
/** Every other byte of a number. */
const LANES = 0x00ff00ff;
/** The labels' sums stand in so many numbers, two in each: 0 and 2, 1 and 3, 4 and 6, 5. */
const SUMS = 4;

/** Sums that are kept near, one in the place of another: the same words and the same forms come again and again. */
const ENTRIES = 1 << 10;
const SHIFT = 22;
const SPREAD = 0x9e3779b1;
const WORD_KEYS = 5;
const FORM_KEYS = 2;
/** Part of every key that was written. */
const KNOWN = 1 << 20;

/**
 * Gives words their labels by the weights of their features. What the features of the word itself sum to, and those of the forms
 * around it, is kept beside all that it was made of: no sum is ever taken for another's.
 */
export class Tagger {
  /** By how much the label that was chosen last leads over "nobody". */
  lead = 0;
  readonly #setting = new Setting();
  readonly #features = new Int32Array(FEATURES);
  readonly #context = new Int32Array(SUMS);
  readonly #words = new Int32Array(ENTRIES * WORD_KEYS);
  readonly #wordSums = new Int32Array(ENTRIES * SUMS);
  readonly #forms = new Int32Array(ENTRIES * FORM_KEYS);
  readonly #formSums = new Int32Array(ENTRIES * SUMS);

  /** The best label of the word behind words of these labels. */
  label(tokens: Tokens, index: number, last: number, beforeLast: number): number {
    const of = this.#setting.read(tokens, index, last, beforeLast, 'all');
    const word = this.#ofWord(of);
    const form = this.#ofForms(of);
    this.#sum(contextFeatures(of, this.#features), this.#context, 0);
    const [words, forms, context] = [this.#wordSums, this.#formSums, this.#context];
    const sum02 = words[word]! + forms[form]! + context[0]!;
    const sum13 = words[word + 1]! + forms[form + 1]! + context[1]!;
    const sum46 = words[word + 2]! + forms[form + 2]! + context[2]!;
    const sum5 = words[word + 3]! + forms[form + 3]! + context[3]!;
    const nobody = (sum02 & 0xffff) - LEANING;
    let top = 0;
    let lead = nobody;
    if ((sum13 & 0xffff) > lead) [top, lead] = [1, sum13 & 0xffff];
    if (sum02 >>> 16 > lead) [top, lead] = [2, sum02 >>> 16];
    if (sum13 >>> 16 > lead) [top, lead] = [3, sum13 >>> 16];
    if ((sum46 & 0xffff) > lead) [top, lead] = [4, sum46 & 0xffff];
    if (sum5 > lead) [top, lead] = [5, sum5];
    if (sum46 >>> 16 > lead) [top, lead] = [6, sum46 >>> 16];
    this.lead = lead - nobody;
    return top;
  }

  /** Where the sums of the word's own features stand. */
  #ofWord(of: Setting): number {
    const keys = this.#words;
    const place = Math.imul(of.word, SPREAD) >>> SHIFT;
    const at = place * WORD_KEYS;
    const form = of.shape | (of.last << 4) | (of.lists << 8) | KNOWN;
    const isKnown =
      keys[at] === of.word &&
      keys[at + 1] === of.lastThree &&
      keys[at + 2] === of.lastTwo &&
      keys[at + 3] === of.firstThree &&
      keys[at + 4] === form;
    if (!isKnown) {
      keys[at] = of.word;
      keys[at + 1] = of.lastThree;
      keys[at + 2] = of.lastTwo;
      keys[at + 3] = of.firstThree;
      keys[at + 4] = form;
      this.#sum(wordFeatures(of, this.#features), this.#wordSums, place * SUMS);
    }
    return place * SUMS;
  }

  /** Where the sums of the features of the forms around stand. */
  #ofForms(of: Setting): number {
    const keys = this.#forms;
    const forms =
      of.shape | (of.leftShape << 4) | (of.rightShape << 8) | (of.secondLeftShape << 12) | (of.secondRightShape << 16);
    const first = forms | (of.gapLeft << 20) | (of.gapRight << 25);
    const second = of.last | (of.beforeLast << 3) | (of.length << 6) | KNOWN;
    const place = Math.imul(first ^ Math.imul(second, SPREAD), SPREAD) >>> SHIFT;
    const at = place * FORM_KEYS;
    if (keys[at] !== first || keys[at + 1] !== second) {
      keys[at] = first;
      keys[at + 1] = second;
      this.#sum(formFeatures(of, this.#features), this.#formSums, place * SUMS);
    }
    return place * SUMS;
  }

  /**
   * Sums the weights of the first features into four numbers from `at` on. Two labels are summed at a time in the halves of one
   * number: thirty-two bytes of at most 255 fit into sixteen bits.
   */
  #sum(count: number, out: Int32Array, at: number): void {
    const table = weights();
    const features = this.#features;
    let [sum02, sum13, sum46, sum5] = [0, 0, 0, 0];
    for (let feature = 0; feature < count; feature += 1) {
      const bucket = features[feature]! * PACKED;
      const first = table[bucket]!;
      const second = table[bucket + 1]!;
      sum02 += first & LANES;
      sum13 += (first >>> 8) & LANES;
      sum46 += second & LANES;
      sum5 += (second >>> 8) & LANES;
    }
    out[at] = sum02;
    out[at + 1] = sum13;
    out[at + 2] = sum46;
    out[at + 3] = sum5;
  }
}
