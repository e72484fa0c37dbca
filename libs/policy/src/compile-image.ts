import { deflateRawSync } from 'node:zlib';
import { type CodedOperand, RuleCoder, type Slot, expressionKey, maskWords, necessaryLeaf } from './compile-rules.js';
import { schemaVersion } from './schema-version.js';
import { header, leafWords, magic, ruleFlag, slotFlag, slotKind } from './layout.js';
import { type Program, type Rule, effects } from './program.js';
import type { Prose } from './image-reader.js';
import { WordWriter } from './words.js';

/** Turns lowered rules into one block of integers. */
export function compileWords(program: Program): Int32Array {
  const writer = new WordWriter();
  writer.put(...Array.from({ length: header.length }, () => 0));
  const coder = new RuleCoder(program);
  const expressions = numberExpressions(program.rules);
  const set = (field: Exclude<keyof typeof header, 'length'>, value: number) => writer.set(header[field], value);
  set('magic', magic);
  set('schema', schemaVersion);
  set('rules', program.rules.length);
  set('slots', coder.slots.length);
  set('expressions', expressions.texts.length);
  set('zone', writer.text(program.timezone));
  writeSlots(writer, coder.slots, set);
  writeRules(writer, program.rules, coder, expressions.byRule, set);
  writeIndex(writer, program.rules, coder, set);
  set('expressionsAt', writer.bytes(Buffer.from(`[${expressions.texts.join(',')}]`)));
  set('proseAt', writeProse(writer, program.rules));
  return writer.finish();
}

/** Equal expressions with one answer-if-unknown share a number, and at link a bitmap. */
function numberExpressions(rules: readonly Rule[]) {
  const numbers = new Map<string, number>();
  const byRule = rules.map((rule) => {
    const key = expressionKey(rule);
    if (key === undefined) return undefined;
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
  return { byRule, texts: [...numbers.keys()] };
}

/** Deflated, because it is most of the text and least of the use: it is read when a rule first matches. */
function writeProse(writer: WordWriter, rules: readonly Rule[]): number {
  const prose: Prose = {
    reasons: rules.map(({ reason }) => reason),
    asks: rules.map(({ redact, oblige }) => ({
      ...(redact === undefined ? {} : { redact }),
      ...(oblige === undefined ? {} : { oblige }),
    })),
  };
  return writer.bytes(deflateRawSync(JSON.stringify(prose), { level: 1, windowBits: 13, memLevel: 6 }));
}

type SetField = (field: Exclude<keyof typeof header, 'length'>, value: number) => void;

function writeSlots(writer: WordWriter, slots: readonly Slot[], set: SetField): void {
  let values = 0;
  const described = slots.map((slot) => {
    const isTexts = slot.kind === slotKind.text || slot.kind === slotKind.list;
    const dictionary = isTexts ? writer.dictionary([...slot.texts.keys()]) : 0;
    const at = values;
    values += slot.kind === slotKind.list ? maskWords(slot) : 1;
    return [slot.kind | slot.flags | (maskWords(slot) << 8), writer.text(slot.path), dictionary, at];
  });
  set('slotsAt', writer.put(...described.flat()));
  set('values', values);
}

function writeRules(
  writer: WordWriter,
  rules: readonly Rule[],
  coder: RuleCoder,
  expressions: readonly (number | undefined)[],
  set: SetField,
): void {
  const tags = new Map<string, number>();
  const tagBits = (names: readonly string[]) => {
    let bits = 0;
    for (const name of names) {
      if (!tags.has(name)) tags.set(name, tags.size);
      bits |= 1 << (tags.get(name) ?? 0);
    }
    return bits;
  };
  const operands = new Map<string, number>();
  const code: number[] = [];
  const table = rules.flatMap((rule, index) => {
    const leaves = rule.when.kind === 'constant' ? [] : coder.code(rule);
    const start = code.length / leafWords;
    for (const { head, operand, yes, no } of leaves)
      code.push(head, place(writer, operand, operands), (yes << 16) | no);
    const expression = expressions[index];
    const asks = rule.redact !== undefined || rule.oblige !== undefined;
    const flags =
      (rule.when.kind === 'constant' && !rule.when.value ? ruleFlag.never : 0) |
      (rule.residual ? ruleFlag.residual : 0) |
      (asks ? ruleFlag.asks : 0) |
      ((expression === undefined ? 0 : expression + 1) << ruleFlag.expressionShift);
    return [
      effects.indexOf(rule.effect) | flags,
      (start << 8) | leaves.length,
      tagBits([...rule.tags, ...rule.overrides]),
      writer.text(rule.id),
    ];
  });
  set('codeAt', writer.put(...code));
  set('rulesAt', writer.put(...table));
}

/** Ranges and masks are written once, however many conditions use them. */
function place(writer: WordWriter, operand: CodedOperand, places: Map<string, number>): number {
  if ('number' in operand) return operand.number;
  const words = 'range' in operand ? operand.range : operand.mask;
  const key = words.join(',');
  let at = places.get(key);
  if (at === undefined) places.set(key, (at = writer.put(...words)));
  return at;
}

/** Candidate rules by the value of one fact, as bits over the rules; a rule stands in exactly one place. */
function writeIndex(writer: WordWriter, rules: readonly Rule[], coder: RuleCoder, set: SetField): void {
  const width = (rules.length + 31) >> 5;
  const none = () => Array.from({ length: width }, () => 0);
  const always = none();
  const redact = none();
  const entries = new Map<Slot, { threshold: number; byValue: number[][] }>();
  for (const [index, rule] of rules.entries()) {
    if (rule.effect === 'redact') mark(redact, index);
    const leaf = necessaryLeaf(rule.when);
    if (leaf === undefined) {
      if (rule.when.kind !== 'constant' || rule.when.value) mark(always, index);
      continue;
    }
    const slot = coder.slotOf(leaf, rule);
    // A residual fact is known only after the redactions, so its rules are always looked at.
    if ((slot.flags & slotFlag.residual) !== 0) {
      mark(always, index);
      continue;
    }
    let entry = entries.get(slot);
    if (entry === undefined) {
      const values = slot.kind === slotKind.integer || slot.kind === slotKind.presence ? 1 : slot.texts.size + 2;
      entry = { threshold: 1000, byValue: Array.from({ length: values }, none) };
      entries.set(slot, entry);
    }
    const last = entry.byValue.at(-1);
    if (last !== undefined) mark(last, index);
    if (leaf.kind === 'class') entry.threshold = Math.min(entry.threshold, leaf.low);
    if (leaf.kind !== 'text' && leaf.kind !== 'any') continue;
    for (const value of leaf.values) {
      const bits = entry.byValue[slot.texts.get(value) ?? 0];
      if (bits !== undefined) mark(bits, index);
    }
  }
  set('alwaysAt', writer.put(...always));
  set('redactAt', writer.put(...redact));
  const placed = [...entries].flatMap(([slot, { threshold, byValue }]) => {
    return [slot.index, threshold, writer.put(...byValue.flat()), byValue.length];
  });
  set('indexAt', writer.put(...placed));
  set('indexEntries', entries.size);
}

function mark(bits: number[], rule: number): void {
  bits[rule >> 5] = (bits[rule >> 5] ?? 0) | (1 << (rule & 31));
}
