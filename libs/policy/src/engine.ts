import type { ImageReader } from './image-reader.js';
import { joinEndpoints } from './join-endpoints.js';
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
import { policyLimits } from './limits.js';
import type { Integers, LinkedLayer } from './link-layer.js';
import { type Redactions, loadFact, loadScores, state } from './load-fact.js';
import { type Outcome, hasBit } from './outcome.js';
import type { Assumption, View } from './read-fact.js';
import { compare } from './reference.js';
import { word } from './words.js';

/**
 * Working memory of one evaluation; reused, because evaluation never waits and never asks for another. As wide as any
 * document can make it: a wider image is a damaged one.
 */
const values = new Int32Array(4 * policyLimits.conditions);
const states = new Uint8Array(4 * policyLimits.conditions);
const candidates = new Int32Array((policyLimits.rules + 31) >> 5);

/**
 * One evaluation of a linked layer. Only rules that a necessary condition allows are run, each as short-circuit code over
 * integers; then endpoint bitmaps are united and subtracted.
 */
export function evaluate(layer: LinkedLayer, view: View, assume: Assumption, outcome: Outcome): void {
  const run = new Run(layer.reader, view, assume, outcome);
  run.matchRules();
  joinEndpoints(layer, run, assume === 'everything', outcome);
}

class Run implements Integers, Redactions {
  private readonly words: Int32Array;
  private readonly width: number;
  private redacted: ReadonlySet<string> | undefined;

  constructor(
    private readonly reader: ImageReader,
    private readonly view: View,
    private readonly assume: Assumption,
    private readonly outcome: Outcome,
  ) {
    this.words = reader.words;
    this.width = (reader.rules + 31) >> 5;
    this.redacted = undefined;
    const slots = reader.slots.length;
    if (reader.values > values.length || slots > states.length || this.width > candidates.length)
      throw new RangeError('the image is wider than a document can be');
    for (let slot = 0; slot < slots; slot += 1) states[slot] = state.unread;
  }

  matchRules(): void {
    const { matched } = this.outcome;
    matched.fill(0);
    this.outcome.sawUnknown = false;
    this.findCandidates();
    const redactAt = word(this.words, header.redactAt);
    for (let pass = 0; pass < 2; pass += 1) {
      for (let block = 0; block < this.width; block += 1) {
        const isRedact = word(this.words, redactAt + block);
        let bits = (candidates[block] ?? 0) & (pass === 0 ? isRedact : ~isRedact);
        let found = 0;
        while (bits !== 0) {
          const bit = 31 - Math.clz32(bits & -bits);
          bits &= bits - 1;
          if (this.matches(block * 32 + bit)) found |= 1 << bit;
        }
        matched[block] = (matched[block] ?? 0) | found;
      }
    }
  }

  private findCandidates(): void {
    const { words, width } = this;
    const alwaysAt = word(words, header.alwaysAt);
    for (let block = 0; block < width; block += 1) candidates[block] = word(words, alwaysAt + block);
    const entries = word(words, header.indexEntries);
    let at = word(words, header.indexAt);
    for (let entry = 0; entry < entries; entry += 1, at += 4) {
      const slotIndex = word(words, at);
      const masks = word(words, at + 2);
      const known = this.stateOf(slotIndex);
      const head = this.reader.slotHead(slotIndex);
      const kind = head & 3;
      const place = this.reader.slotAt(slotIndex);
      if (known !== state.known) {
        const absentPresence = kind === slotKind.presence && known === state.absent;
        if (!absentPresence) this.admit(masks + (word(words, at + 3) - 1) * width);
      } else if (kind === slotKind.text) this.admit(masks + (values[place] ?? 0) * width);
      else if (kind === slotKind.list) this.admitList(place, head >>> 8, masks);
      else if (kind === slotKind.presence || (values[place] ?? 0) >= word(words, at + 1)) this.admit(masks);
    }
  }

  private admitList(valuesAt: number, valueWords: number, masks: number): void {
    for (let block = 0; block < valueWords; block += 1) {
      let bits = values[valuesAt + block] ?? 0;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        this.admit(masks + (block * 32 + bit) * this.width);
      }
    }
  }

  private admit(at: number): void {
    const { words, width } = this;
    for (let block = 0; block < width; block += 1) {
      candidates[block] = (candidates[block] ?? 0) | word(words, at + block);
    }
  }

  private stateOf(slotIndex: number): number {
    const known = states[slotIndex] ?? state.unread;
    return known === state.unread ? this.load(slotIndex) : known;
  }

  private load(slotIndex: number): number {
    const slot = this.reader.slots[slotIndex];
    if (slot === undefined) throw new RangeError('a fact runs out of the image');
    if ((slot.flags & (slotFlag.score | slotFlag.residual)) === slotFlag.score) {
      if (loadScores(this.reader, this.view, values, states)) this.outcome.sawUnknown = true;
      return states[slotIndex] ?? state.unknown;
    }
    let loaded = loadFact(slot, this.view, values, this);
    if (slot.path === 'data.complete') {
      if (this.assume !== 'none') {
        values[slot.at] = 1;
        loaded = state.known;
      }
      // That a classification is unfinished is a fact of which a better value might have permitted.
      if (values[slot.at] === 0) this.outcome.sawUnknown = true;
    }
    states[slotIndex] = loaded;
    if (loaded === state.unknown || (loaded === state.absent && slot.kind !== slotKind.presence))
      this.outcome.sawUnknown = true;
    return loaded;
  }

  /** The classes that leave by redaction; complete because redactions are matched before any rule sees what remains. */
  redactedClasses(): ReadonlySet<string> {
    if (this.redacted !== undefined) return this.redacted;
    const names = new Set<string>();
    for (let rule = 0; rule < this.reader.rules; rule += 1) {
      if (!hasBit(this.outcome.matched, rule) || this.reader.effect(rule) !== 'redact') continue;
      if (this.reader.expression(rule) !== -1) continue;
      for (const name of this.reader.asks(rule).redact?.classes ?? []) names.add(name);
    }
    this.redacted = names;
    return names;
  }

  private matches(rule: number): boolean {
    const { words, reader } = this;
    const at = reader.rulesAt + rule * ruleWords;
    if ((word(words, at) & ruleFlag.never) !== 0) return false;
    const place = word(words, at + 1);
    const length = place & 0xff;
    if (length === 0) return true;
    const start = reader.codeAt + (place >>> 8) * leafWords;
    for (let next = 0, steps = 0; steps < length; steps += 1) {
      const leaf = start + next * leafWords;
      const targets = word(words, leaf + 2);
      next = this.leaf(word(words, leaf), word(words, leaf + 1)) ? targets >>> 16 : targets & 0xffff;
      if (next === target.yes) return true;
      if (next === target.no) return false;
      if (next >= length) break;
    }
    throw new RangeError('a jump runs out of the rule');
  }

  private leaf(head: number, operand: number): boolean {
    const slotIndex = head >>> leafFlag.slotShift;
    const op = head & 7;
    const known = this.stateOf(slotIndex);
    if (op === operation.has && known === state.absent) return (head & leafFlag.negated) !== 0;
    if (known !== state.known || (op === operation.pair && this.stateOf(operand >>> 3) !== state.known)) {
      return this.answerIfUnknown(head, slotIndex);
    }
    return this.holds(op, slotIndex, operand) !== ((head & leafFlag.negated) !== 0);
  }

  private answerIfUnknown(head: number, slotIndex: number): boolean {
    const answer = (head & leafFlag.unknownIsTrue) !== 0;
    if (this.assume === 'none') return answer;
    const ofData = (this.reader.slotHead(slotIndex) & slotFlag.data) !== 0;
    return this.assume === 'everything' || ofData ? !answer : answer;
  }

  private holds(op: number, slotIndex: number, operand: number): boolean {
    const { words, reader } = this;
    const place = reader.slotAt(slotIndex);
    const value = values[place] ?? 0;
    switch (op) {
      case operation.is:
        return value === operand;
      case operation.in:
        return ((word(words, operand + (value >> 5)) >>> (value & 31)) & 1) === 1;
      case operation.any:
        for (let index = 0, width = reader.slotHead(slotIndex) >>> 8; index < width; index += 1) {
          if (((values[place + index] ?? 0) & word(words, operand + index)) !== 0) return true;
        }
        return false;
      case operation.subset:
        for (let index = 0, width = reader.slotHead(slotIndex) >>> 8; index < width; index += 1) {
          if (((values[place + index] ?? 0) & ~word(words, operand + index)) !== 0) return false;
        }
        return true;
      case operation.range:
        return value >= word(words, operand) && value <= word(words, operand + 1);
      case operation.pair: {
        const right = values[reader.slotAt(operand >>> 3)] ?? 0;
        return compare(value, comparisons[operand & 7] ?? '==', right);
      }
      case operation.has:
        return true;
      default:
        throw new RangeError('an operation is not of this engine');
    }
  }

  /** The value of an integer fact for an endpoint comparison; undefined while it is unknown. */
  integer(slotIndex: number): number | undefined {
    if (this.stateOf(slotIndex) !== state.known) return undefined;
    return values[this.reader.slotAt(slotIndex)];
  }
}
