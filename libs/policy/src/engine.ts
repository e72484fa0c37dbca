import type { ImageReader, SlotEntry } from './image-reader.js';
import {
  comparisons,
  header,
  leafFlag,
  leafWords,
  operation,
  ruleFlag,
  ruleWords,
  slotFlag,
  slotKind,
  target,
} from './layout.js';
import { type LinkedLayer, selectEndpoints } from './link-layer.js';
import { loadFact, state } from './load-fact.js';
import { type Outcome, hasBit, setBit } from './outcome.js';
import { effects } from './program.js';
import type { Assumption, View } from './read-fact.js';
import { compare } from './reference.js';
import { word } from './words.js';

const permit = effects.indexOf('permit');
const deny = effects.indexOf('deny');
const restrict = effects.indexOf('restrict');
const redact = effects.indexOf('redact');

/** Working memory of one evaluation; reused, because evaluation never waits. */
let values = new Int32Array(1024);
let states = new Uint8Array(1024);
let candidates = new Int32Array(8);

/**
 * One evaluation of a linked layer. Only rules that a necessary condition allows are run, each as short-circuit code over
 * integers; then endpoint bitmaps are united and subtracted.
 */
export function evaluate(layer: LinkedLayer, view: View, assume: Assumption, outcome: Outcome): void {
  const run = new Run(layer, view, assume, outcome);
  run.matchRules();
  run.joinEndpoints();
}

class Run {
  readonly #reader: ImageReader;
  readonly #words: Int32Array;
  readonly #width: number;
  #redacted: ReadonlySet<string> | undefined;

  constructor(
    readonly layer: LinkedLayer,
    readonly view: View,
    readonly assume: Assumption,
    readonly outcome: Outcome,
  ) {
    this.#reader = layer.reader;
    this.#words = layer.reader.words;
    this.#width = (layer.reader.rules + 31) >> 5;
    const { slots } = layer.reader;
    if (layer.reader.values > values.length) values = new Int32Array(layer.reader.values * 2);
    if (slots.length > states.length) states = new Uint8Array(slots.length * 2);
    if (this.#width > candidates.length) candidates = new Int32Array(this.#width * 2);
    states.fill(state.unread, 0, slots.length);
  }

  matchRules(): void {
    const { matched } = this.outcome;
    matched.fill(0);
    this.outcome.sawUnknown = false;
    this.#findCandidates();
    const redactAt = word(this.#words, header.redactAt);
    for (let pass = 0; pass < 2; pass += 1) {
      for (let block = 0; block < this.#width; block += 1) {
        const isRedact = word(this.#words, redactAt + block);
        let bits = (candidates[block] ?? 0) & (pass === 0 ? isRedact : ~isRedact);
        while (bits !== 0) {
          const bit = 31 - Math.clz32(bits & -bits);
          bits &= bits - 1;
          if (this.#matches(block * 32 + bit)) matched[block] = (matched[block] ?? 0) | (1 << bit);
        }
      }
    }
  }

  #findCandidates(): void {
    const words = this.#words;
    const width = this.#width;
    const alwaysAt = word(words, header.alwaysAt);
    for (let block = 0; block < width; block += 1) candidates[block] = word(words, alwaysAt + block);
    const entries = word(words, header.indexEntries);
    let at = word(words, header.indexAt);
    for (let entry = 0; entry < entries; entry += 1, at += 4) {
      const slotIndex = word(words, at);
      const masks = word(words, at + 2);
      const known = this.#stateOf(slotIndex);
      const slot = this.#reader.slots[slotIndex];
      if (slot === undefined) throw new RangeError('a fact runs out of the image');
      if (known !== state.known) {
        const absentPresence = slot.kind === slotKind.presence && known === state.absent;
        if (!absentPresence) this.#admit(masks + (word(words, at + 3) - 1) * width);
      } else if (slot.kind === slotKind.text) this.#admit(masks + (values[slot.at] ?? 0) * width);
      else if (slot.kind === slotKind.list) this.#admitList(slot.at, slot.width, masks);
      else if (slot.kind === slotKind.presence || (values[slot.at] ?? 0) >= word(words, at + 1)) this.#admit(masks);
    }
  }

  #admitList(valuesAt: number, valueWords: number, masks: number): void {
    for (let block = 0; block < valueWords; block += 1) {
      let bits = values[valuesAt + block] ?? 0;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        this.#admit(masks + (block * 32 + bit) * this.#width);
      }
    }
  }

  #admit(at: number): void {
    for (let block = 0; block < this.#width; block += 1) {
      candidates[block] = (candidates[block] ?? 0) | word(this.#words, at + block);
    }
  }

  #stateOf(slotIndex: number): number {
    const known = states[slotIndex];
    if (known === undefined) throw new RangeError('a fact runs out of the image');
    if (known !== state.unread) return known;
    const slot = this.#reader.slots[slotIndex];
    if (slot === undefined) throw new RangeError('a fact runs out of the image');
    let loaded = loadFact(this.#reader, slot, this.view, values, this);
    if (this.assume !== 'none' && slot.path === 'data.complete') {
      values[slot.at] = 1;
      loaded = state.known;
    }
    states[slotIndex] = loaded;
    if (this.#isUnsure(slot, loaded)) this.outcome.sawUnknown = true;
    return loaded;
  }

  /** True when a better value of the fact might have permitted; that a classification is unfinished is such a fact. */
  #isUnsure(slot: SlotEntry, loaded: number): boolean {
    if (loaded === state.known) return slot.path === 'data.complete' && values[slot.at] === 0;
    return slot.kind !== slotKind.presence || loaded === state.unknown;
  }

  /** The classes that leave by redaction; complete because redactions are matched before any rule sees what remains. */
  redactedClasses(): ReadonlySet<string> {
    if (this.#redacted !== undefined) return this.#redacted;
    const names = new Set<string>();
    for (let rule = 0; rule < this.#reader.rules; rule += 1) {
      if (!hasBit(this.outcome.matched, rule) || this.#reader.effect(rule) !== 'redact') continue;
      if (this.#reader.expression(rule) !== -1) continue;
      for (const name of this.#reader.asks(rule).redact?.classes ?? []) names.add(name);
    }
    this.#redacted = names;
    return names;
  }

  #matches(rule: number): boolean {
    const words = this.#words;
    const at = this.#reader.rulesAt + rule * ruleWords;
    if ((word(words, at) & ruleFlag.never) !== 0) return false;
    const place = word(words, at + 1);
    const length = place & 0xff;
    if (length === 0) return true;
    const start = this.#reader.codeAt + (place >>> 8) * leafWords;
    for (let next = 0, steps = 0; steps < length; steps += 1) {
      const leaf = start + next * leafWords;
      const targets = word(words, leaf + 2);
      next = this.#leaf(word(words, leaf), word(words, leaf + 1)) ? targets >>> 16 : targets & 0xffff;
      if (next === target.yes) return true;
      if (next === target.no) return false;
      if (next >= length) break;
    }
    throw new RangeError('a jump runs out of the rule');
  }

  #leaf(head: number, operand: number): boolean {
    const slotIndex = head >>> leafFlag.slotShift;
    const op = head & 7;
    const known = this.#stateOf(slotIndex);
    if (op === operation.has && known === state.absent) return (head & leafFlag.negated) !== 0;
    if (known !== state.known || (op === operation.pair && this.#stateOf(operand >>> 3) !== state.known)) {
      return this.#answerIfUnknown(head, slotIndex);
    }
    return this.#holds(op, slotIndex, operand) !== ((head & leafFlag.negated) !== 0);
  }

  #answerIfUnknown(head: number, slotIndex: number): boolean {
    const answer = (head & leafFlag.unknownIsTrue) !== 0;
    if (this.assume === 'none') return answer;
    const ofData = ((this.#reader.slots[slotIndex]?.flags ?? 0) & slotFlag.data) !== 0;
    return this.assume === 'everything' || ofData ? !answer : answer;
  }

  #holds(op: number, slotIndex: number, operand: number): boolean {
    const words = this.#words;
    const slot = this.#reader.slots[slotIndex];
    if (slot === undefined) throw new RangeError('a fact runs out of the image');
    const value = values[slot.at] ?? 0;
    switch (op) {
      case operation.is:
        return value === operand;
      case operation.in:
        return ((word(words, operand + (value >> 5)) >>> (value & 31)) & 1) === 1;
      case operation.any:
        for (let index = 0; index < slot.width; index += 1) {
          if (((values[slot.at + index] ?? 0) & word(words, operand + index)) !== 0) return true;
        }
        return false;
      case operation.subset:
        for (let index = 0; index < slot.width; index += 1) {
          if (((values[slot.at + index] ?? 0) & ~word(words, operand + index)) !== 0) return false;
        }
        return true;
      case operation.range:
        return value >= word(words, operand) && value <= word(words, operand + 1);
      case operation.pair: {
        const right = values[this.#reader.slots[operand >>> 3]?.at ?? -1] ?? 0;
        return compare(value, comparisons[operand & 7] ?? '==', right);
      }
      case operation.has:
        return true;
      default:
        throw new RangeError('an operation is not of this engine');
    }
  }

  /** The value of an integer fact for an endpoint comparison; undefined while it is unknown. */
  readonly integer = (slotIndex: number): number | undefined => {
    if (this.#stateOf(slotIndex) !== state.known) return undefined;
    return values[this.#reader.slots[slotIndex]?.at ?? -1];
  };

  joinEndpoints(): void {
    const { matched, lifted, permitted, authorized } = this.outcome;
    const { endpointWords } = this.layer;
    lifted.fill(0);
    permitted.fill(0);
    authorized.fill(0);
    this.outcome.inQuestion = undefined;
    const liftedTags = this.#liftedTags();
    const denied = this.layer.denied;
    denied.fill(0);
    for (let block = 0; block < this.#width; block += 1) {
      let bits = matched[block] ?? 0;
      while (bits !== 0) {
        const rule = block * 32 + 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        const at = this.#reader.rulesAt + rule * ruleWords;
        const head = word(this.#words, at);
        const effect = head & 7;
        const expression = (head >>> ruleFlag.expressionShift) - 1;
        if (effect === permit) this.#unite(permitted, expression);
        else if (effect === deny || effect === restrict) {
          if ((word(this.#words, at + 2) & liftedTags) !== 0) setBit(lifted, rule);
          else this.#unite(denied, expression);
        } else if (effect === redact && expression !== -1) this.#question(rule, expression);
      }
    }
    for (let index = 0; index < endpointWords; index += 1) {
      authorized[index] = (permitted[index] ?? 0) & ~(denied[index] ?? 0);
    }
  }

  #liftedTags(): number {
    let tags = 0;
    for (const rule of this.layer.overrides) {
      if (hasBit(this.outcome.matched, rule)) tags |= word(this.#words, this.#reader.rulesAt + rule * ruleWords + 2);
    }
    return tags;
  }

  #unite(into: Int32Array, expression: number): void {
    selectEndpoints(this.layer, expression, this.integer, this.assume === 'everything', into);
  }

  #question(rule: number, expression: number): void {
    const bits = new Int32Array(this.layer.endpointWords);
    selectEndpoints(this.layer, expression, this.integer, this.assume === 'everything', bits);
    this.outcome.inQuestion = new Map([...(this.outcome.inQuestion ?? []), [rule, bits]]);
  }
}
