import { lookUp, readText, word } from './words.js';

/** Asked this often, a dictionary is worth a map of its own. */
const askedOften = 64;
/** Dictionaries of the whole process that have a map, some 500 bytes each; a later one takes the place of the earliest. */
const mapped: (Dictionary | undefined)[] = Array.from({ length: 8_192 }, () => undefined);
let nextMapped = 0;

/**
 * The texts that a policy compares one fact with, by their numbers. The image alone answers, so that ten thousand tenants
 * cost no memory but their images; those that are asked often answer from a map, four times as fast.
 */
export class Dictionary {
  private readonly longest: number;
  private asked = 0;
  private numbers: ReadonlyMap<string, number> | undefined = undefined;

  constructor(
    readonly words: Int32Array,
    readonly at: number,
  ) {
    this.longest = word(words, at + 1);
  }

  /** The number (from 1) of `text`, or 0 when the policy does not mention it. */
  numberOf(text: string): number {
    if (text.length > this.longest) return 0;
    if (this.numbers !== undefined) return this.numbers.get(text) ?? 0;
    this.asked += 1;
    if (this.asked === askedOften) this.map();
    return lookUp(this.words, this.at, text);
  }

  /** The texts, in the order of their numbers. */
  texts(): readonly string[] {
    const texts: string[] = [];
    const size = word(this.words, this.at) + 1;
    for (let probe = 0; probe < size; probe += 1) {
      const at = word(this.words, this.at + 2 + probe * 2);
      if (at !== 0) texts[word(this.words, this.at + 3 + probe * 2) - 1] = readText(this.words, at);
    }
    return texts;
  }

  private map(): void {
    this.numbers = new Map(this.texts().map((text, index) => [text, index + 1]));
    mapped[nextMapped]?.forget();
    mapped[nextMapped] = this;
    nextMapped = (nextMapped + 1) % mapped.length;
  }

  private forget(): void {
    this.numbers = undefined;
    this.asked = 0;
  }
}
