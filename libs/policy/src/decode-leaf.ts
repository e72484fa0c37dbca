import { unreachable } from '@writ/domain';
import { attributeOf } from './attributes.js';
import { type Leaf, highest, lowest } from './expression.js';
import type { ImageReader, SlotEntry } from './image-reader.js';
import { comparisons, leafFlag, leafWords, operation, ruleWords, slotFlag } from './layout.js';
import { word } from './words.js';

/** A condition of an image as the rule's author would recognize it. */
export interface DecodedLeaf {
  readonly leaf: Leaf;
  readonly negated: boolean;
  /** `class(PHI) >= 0.6`, `not subject.roles has "fraud"`: for people, who need no quotes around a data class. */
  readonly condition: string;
}

const decoded = new WeakMap<ImageReader, (readonly DecodedLeaf[] | undefined)[]>();

/** The conditions of a rule, in the order of writing; decoded once for each linked policy that is explained. */
export function decodeLeaves(reader: ImageReader, rule: number): readonly DecodedLeaf[] {
  let known = decoded.get(reader);
  if (known === undefined) {
    known = [];
    decoded.set(reader, known);
  }
  return (known[rule] ??= decodeRule(reader, rule));
}

function decodeRule(reader: ImageReader, rule: number): readonly DecodedLeaf[] {
  const { words } = reader;
  const place = word(words, reader.rulesAt + rule * ruleWords + 1);
  return Array.from({ length: place & 0xff }, (_, index) => {
    const at = reader.codeAt + ((place >>> 8) + index) * leafWords;
    const head = word(words, at);
    const leaf = decodeLeaf(reader, head & 7, head >>> leafFlag.slotShift, word(words, at + 1));
    const negated = (head & leafFlag.negated) !== 0;
    return { leaf, negated, condition: negated ? `not ${describe(leaf)}` : describe(leaf) };
  });
}

function decodeLeaf(reader: ImageReader, op: number, slotIndex: number, operand: number): Leaf {
  const slot = slotAt(reader, slotIndex);
  const { path } = slot;
  switch (op) {
    case operation.is:
      return { kind: 'text', path, values: textsOf(slot).slice(operand - 1, operand) };
    case operation.in:
      return { kind: 'text', path, values: masked(reader, slot, operand) };
    case operation.any:
      return { kind: 'any', path, values: masked(reader, slot, operand) };
    case operation.subset:
      return { kind: 'subset', path, values: masked(reader, slot, operand) };
    case operation.range: {
      const [low, high] = [word(reader.words, operand), word(reader.words, operand + 1)];
      return (slot.flags & slotFlag.score) === 0
        ? { kind: 'range', path, low, high }
        : { kind: 'class', name: path, low, high };
    }
    case operation.pair:
      return {
        kind: 'pair',
        left: path,
        op: comparisons[operand & 7] ?? '==',
        right: slotAt(reader, operand >>> 3).path,
      };
    case operation.has:
      return { kind: 'has', path };
    default:
      throw new RangeError('an operation is not of this engine');
  }
}

function slotAt(reader: ImageReader, index: number): SlotEntry {
  const slot = reader.slots[index];
  if (slot === undefined) throw new RangeError('a fact runs out of the image');
  return slot;
}

function textsOf({ dictionary }: SlotEntry): readonly string[] {
  if (dictionary === undefined) throw new RangeError('a fact of the image has no texts');
  return dictionary.texts();
}

function masked(reader: ImageReader, slot: SlotEntry, mask: number): readonly string[] {
  return textsOf(slot).filter((_, index) => {
    const number = index + 1;
    return ((word(reader.words, mask + (number >> 5)) >>> (number & 31)) & 1) === 1;
  });
}

function describe(leaf: Leaf): string {
  switch (leaf.kind) {
    case 'has':
      return `has(${leaf.path})`;
    case 'pair':
      return `${leaf.left} ${leaf.op} ${leaf.right}`;
    case 'class':
      return describeRange(`class(${leaf.name})`, leaf.low, leaf.high, (value) => String(value / 1000));
    case 'range': {
      const isBoolean = attributeOf(leaf.path)?.type === 'boolean';
      const show = leaf.path === 'time.minute' ? clock : isBoolean ? (value: number) => String(value === 1) : String;
      return describeRange(leaf.path, leaf.low, leaf.high, show);
    }
    case 'text':
      return leaf.values.length === 1
        ? `${leaf.path} == ${quoted(leaf.values)}`
        : `${leaf.path} in [${quoted(leaf.values)}]`;
    case 'any':
      return leaf.values.length === 1
        ? `${leaf.path} has ${quoted(leaf.values)}`
        : `${leaf.path} has any of [${quoted(leaf.values)}]`;
    case 'subset':
      return `${leaf.path} within [${quoted(leaf.values)}]`;
    default:
      return unreachable(leaf);
  }
}

function quoted(values: readonly string[]): string {
  return values.map((value) => JSON.stringify(value)).join(', ');
}

function describeRange(name: string, low: number, high: number, show: (value: number) => string): string {
  if (low === high) return `${name} == ${show(low)}`;
  if (low === lowest) return `${name} <= ${show(high)}`;
  return high === highest ? `${name} >= ${show(low)}` : `${name} from ${show(low)} to ${show(high)}`;
}

export function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}
