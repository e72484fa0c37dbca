import { inflateRawSync } from 'node:zlib';
import { Dictionary } from './dictionary.js';
import { type FactReader, factReaderOf } from './fact-readers.js';
import { header, magic, ruleFlag, ruleWords, slotFlag, slotKind, slotWords } from './layout.js';
import { type Effect, type RuleObligations, effects } from './program.js';
import type { RedactionStyle } from '@writ/domain';
import { schemaVersion } from './schema-version.js';
import { setBit } from './outcome.js';
import { readBytes, readText, word } from './words.js';

/** What a matching rule asks for. */
export interface Asking {
  readonly redact?: { readonly classes: readonly string[]; readonly style: RedactionStyle };
  readonly oblige?: RuleObligations;
}

/** The part of an image that no evaluation reads. */
export interface Prose {
  readonly reasons: readonly string[];
  readonly asks: readonly Asking[];
  readonly expressions: readonly string[];
}

/** A fact as the engine loads it. */
export interface SlotEntry {
  readonly path: string;
  readonly kind: number;
  readonly flags: number;
  /** Numbers of its texts; undefined where it has none. */
  readonly dictionary: Dictionary | undefined;
  /** Where its value stands among the values, and how many words it takes. */
  readonly at: number;
  readonly width: number;
  readonly read: FactReader;
}

/** Names and texts of an image, decoded when first needed and then kept: a tenant pays for the rules that match. */
export class ImageReader {
  readonly rules: number;
  readonly slots: readonly SlotEntry[];
  readonly values: number;
  readonly timezone: string;
  /** The facts that are scores of classes, by the class; those of rules that see what remains are not among them. */
  readonly scores: ReadonlyMap<string, number>;
  /** The same facts in pairs: the number of each, and where its value stands. */
  readonly scoreSlots: Int32Array;
  readonly slotsAt: number;
  readonly rulesAt: number;
  readonly codeAt: number;
  /** The rules that ask for something, as bits. */
  readonly asking: Int32Array;
  readonly #ids: (string | undefined)[] = [];
  readonly #asks: (Asking | undefined)[] = [];
  #reasons: readonly string[] | undefined;

  constructor(readonly words: Int32Array) {
    if (word(words, header.magic) !== magic || word(words, header.schema) !== schemaVersion) {
      throw new Error('the image is of another format');
    }
    this.rules = word(words, header.rules);
    this.values = word(words, header.values);
    this.slotsAt = word(words, header.slotsAt);
    this.rulesAt = word(words, header.rulesAt);
    this.codeAt = word(words, header.codeAt);
    this.asking = new Int32Array((this.rules + 31) >> 5);
    for (let rule = 0; rule < this.rules; rule += 1) if (this.isAsking(rule)) setBit(this.asking, rule);
    this.timezone = readText(words, word(words, header.zone));
    this.slots = Array.from({ length: word(words, header.slots) }, (_, index) => this.#slot(index));
    this.scores = new Map(
      this.slots.flatMap(({ path, flags }, index) =>
        (flags & (slotFlag.score | slotFlag.residual)) === slotFlag.score ? [[path, index] as const] : [],
      ),
    );
    this.scoreSlots = Int32Array.from([...this.scores.values()].flatMap((index) => [index, this.slotAt(index)]));
  }

  /** Kind in two bits, flags, and above eight bits the words that its value takes. */
  slotHead(index: number): number {
    return word(this.words, this.slotsAt + index * slotWords);
  }

  /** Where its value stands among the values. */
  slotAt(index: number): number {
    return word(this.words, this.slotsAt + index * slotWords + 3);
  }

  #slot(index: number): SlotEntry {
    const at = this.slotsAt + index * slotWords;
    const head = word(this.words, at);
    const path = readText(this.words, word(this.words, at + 1));
    const kind = head & 3;
    const isTexts = kind === slotKind.text || kind === slotKind.list;
    return {
      kind,
      flags: head & (slotFlag.residual | slotFlag.data | slotFlag.score),
      width: head >>> 8,
      path,
      read: factReaderOf(path),
      dictionary: isTexts ? new Dictionary(this.words, word(this.words, at + 2)) : undefined,
      at: word(this.words, at + 3),
    };
  }

  #rule(index: number, field: number): number {
    return word(this.words, this.rulesAt + index * ruleWords + field);
  }

  effect(rule: number): Effect {
    const effect = effects[this.#rule(rule, 0) & 7];
    if (effect === undefined) throw new RangeError('an effect runs out of the image');
    return effect;
  }

  /** Bits of the tags it carries (a denial) or lifts (an override). */
  tags(rule: number): number {
    return this.#rule(rule, 2);
  }

  /** Number of the rule's endpoint expression, or -1 for all endpoints. */
  expression(rule: number): number {
    return (this.#rule(rule, 0) >>> ruleFlag.expressionShift) - 1;
  }

  id(rule: number): string {
    return (this.#ids[rule] ??= readText(this.words, this.#rule(rule, 3)));
  }

  reason(rule: number): string {
    this.#reasons ??= this.prose().reasons;
    return this.#reasons[rule] ?? '';
  }

  isAsking(rule: number): boolean {
    return (this.#rule(rule, 0) & ruleFlag.asks) !== 0;
  }

  asks(rule: number): Asking {
    const known = this.#asks[rule];
    if (known !== undefined) return known;
    const asking = this.prose().asks[rule];
    if (asking === undefined) throw new RangeError('a rule runs out of the image');
    this.#asks[rule] = asking;
    return asking;
  }

  /** Inflated anew each time: it is needed once a link, and for what matches first. */
  prose(): Prose {
    const bytes = readBytes(this.words, word(this.words, header.proseAt));
    return JSON.parse(inflateRawSync(bytes, { maxOutputLength: 4 * 1024 * 1024 }).toString()) as Prose;
  }
}
