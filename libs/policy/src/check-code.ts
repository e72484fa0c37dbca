import type { ImageReader } from './image-reader.js';
import { header, leafFlag, leafWords, operation, ruleFlag, ruleWords, target } from './layout.js';
import { readText, word } from './words.js';

/**
 * Follows every index of an image that an evaluation follows: a rule's name and endpoint expression, a condition's fact,
 * operand and jumps. Throws a RangeError at the first that leads out of its section; allocates next to nothing.
 */
export function checkCode(reader: ImageReader): void {
  const { words, rules, slots, rulesAt, codeAt } = reader;
  const expressions = word(words, header.expressions);
  for (let rule = 0; rule < rules; rule += 1) {
    const at = rulesAt + rule * ruleWords;
    reader.effect(rule);
    if (word(words, at) >>> ruleFlag.expressionShift > expressions) throw outside();
    if (readText(words, word(words, at + 3)) === '') throw outside();
    const place = word(words, at + 1);
    const length = place & 0xff;
    const start = codeAt + (place >>> 8) * leafWords;
    for (let leaf = 0; leaf < length; leaf += 1) {
      const head = word(words, start + leaf * leafWords);
      const slot = head >>> leafFlag.slotShift;
      if (slot >= slots.length) throw outside();
      checkOperand(reader, head & 7, slot, word(words, start + leaf * leafWords + 1));
      const targets = word(words, start + leaf * leafWords + 2);
      if (!isTarget(targets >>> 16, length) || !isTarget(targets & 0xffff, length)) throw outside();
    }
  }
  checkIndex(reader);
}

/** The entries that lead from the value of a fact to the rules that may match. */
function checkIndex({ words, rules, slots }: ImageReader): void {
  const width = (rules + 31) >> 5;
  const entries = word(words, header.indexEntries);
  const first = word(words, header.indexAt);
  for (let at = first; at < first + entries * 4; at += 4) {
    if (word(words, at) >= slots.length) throw outside();
    word(words, word(words, at + 2) + word(words, at + 3) * width - 1);
  }
}

function checkOperand({ words, slots }: ImageReader, op: number, slot: number, operand: number): void {
  const width = slots[slot]?.width ?? 0;
  switch (op) {
    case operation.is:
    case operation.has:
      return;
    case operation.in:
    case operation.any:
    case operation.subset:
      word(words, operand + width - 1);
      return;
    case operation.range:
      word(words, operand + 1);
      return;
    case operation.pair:
      if (operand >>> 3 >= slots.length) throw outside();
      return;
    default:
      throw outside();
  }
}

function isTarget(to: number, length: number): boolean {
  return to < length || to === target.yes || to === target.no;
}

function outside(): RangeError {
  return new RangeError('an index runs out of the image');
}
