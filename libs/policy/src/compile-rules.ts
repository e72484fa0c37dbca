import { unreachable } from '@writ/domain';
import { attributeOf } from './attributes.js';
import { writeEndpointExpression } from './endpoint-expression.js';
import { type Leaf, type Normal, leavesOf } from './expression.js';
import { comparisons, leafFlag, operation, slotFlag, slotKind, target } from './layout.js';
import { type Program, type Rule, answerIfUnknown } from './program.js';

/** A fact that the policy reads, in one of four shapes. Values are numbered from 1 in `texts`; 0 is any other. */
export interface Slot {
  readonly index: number;
  readonly path: string;
  readonly kind: number;
  readonly flags: number;
  readonly texts: Map<string, number>;
}

/** A condition as code, before it has a place. Operands of sets are masks over the slot's numbers. */
export interface CodedLeaf {
  readonly head: number;
  readonly operand: CodedOperand;
  yes: number;
  no: number;
}

export type CodedOperand =
  | { readonly number: number }
  | { readonly range: readonly [number, number] }
  | { readonly mask: readonly number[]; readonly slot: Slot };

interface Label {
  at: number;
}

/** Numbers the facts and their values over all rules, then turns each `when` into short-circuit code. */
export class RuleCoder {
  readonly slots: Slot[] = [];
  readonly #byKey = new Map<string, Slot>();
  readonly #byLeaf = [new Map<Leaf, Slot>(), new Map<Leaf, Slot>()] as const;

  constructor(program: Program) {
    for (const rule of program.rules) {
      for (const { leaf } of leavesOf(rule.when)) this.#declare(leaf, rule);
      if (rule.endpoints === undefined) continue;
      for (const { leaf } of leavesOf(rule.endpoints)) {
        if (leaf.kind !== 'pair') continue;
        for (const path of [leaf.left, leaf.right])
          if (!path.startsWith('endpoint.')) this.#slot(path, slotKind.integer, 0);
      }
    }
  }

  #declare(leaf: Leaf, rule: Rule): void {
    const slot = this.slotOf(leaf, rule);
    if (leaf.kind === 'pair') this.#slot(leaf.right, slotKind.integer, 0);
    if (leaf.kind !== 'text' && leaf.kind !== 'any' && leaf.kind !== 'subset') return;
    for (const value of leaf.values) if (!slot.texts.has(value)) slot.texts.set(value, slot.texts.size + 1);
  }

  slotOf(leaf: Leaf, { residual }: Pick<Rule, 'residual'>): Slot {
    const found = this.#byLeaf[residual ? 1 : 0].get(leaf) ?? this.#findSlot(leaf, residual ? slotFlag.residual : 0);
    this.#byLeaf[residual ? 1 : 0].set(leaf, found);
    return found;
  }

  #findSlot(leaf: Leaf, residual: number): Slot {
    switch (leaf.kind) {
      case 'class':
        return this.#slot(leaf.name, slotKind.integer, slotFlag.data | slotFlag.score | residual);
      case 'pair':
        return this.#slot(leaf.left, slotKind.integer, 0);
      case 'range':
        return this.#slot(leaf.path, slotKind.integer, 0);
      case 'has':
        return this.#slot(leaf.path, slotKind.presence, 0);
      case 'text':
        return this.#slot(leaf.path, slotKind.text, 0);
      case 'any':
      case 'subset':
        return this.#slot(leaf.path, slotKind.list, leaf.path === 'data.classes' ? residual : 0);
      default:
        return unreachable(leaf);
    }
  }

  #slot(path: string, kind: number, more: number): Slot {
    const data = attributeOf(path)?.namespace === 'data' ? slotFlag.data : 0;
    const flags = more | data;
    const key = `${kind} ${flags} ${path}`;
    let slot = this.#byKey.get(key);
    if (slot === undefined) {
      slot = { index: this.slots.length, path, kind, flags, texts: new Map() };
      this.slots.push(slot);
      this.#byKey.set(key, slot);
    }
    return slot;
  }

  /** Code for a `when` that is no constant. */
  code(rule: Rule): readonly CodedLeaf[] {
    const leaves: CodedLeaf[] = [];
    const labels: (readonly [CodedLeaf, Label, Label])[] = [];
    const generate = (part: Normal, yes: Label, no: Label): void => {
      if (part.kind === 'constant') throw new Error('constants are folded before coding');
      if (part.kind === 'leaf') {
        const coded = this.#leaf(part.leaf, part.negated, rule);
        leaves.push(coded);
        labels.push([coded, yes, no]);
        return;
      }
      const last = part.items.length - 1;
      for (const [index, item] of part.items.entries()) {
        const next: Label = { at: 0 };
        if (index === last) generate(item, yes, no);
        else generate(item, part.kind === 'and' ? next : yes, part.kind === 'and' ? no : next);
        next.at = leaves.length;
      }
    };
    generate(rule.when, { at: target.yes }, { at: target.no });
    for (const [coded, yes, no] of labels) {
      coded.yes = yes.at;
      coded.no = no.at;
    }
    return leaves;
  }

  #leaf(leaf: Leaf, negated: boolean, rule: Rule): CodedLeaf {
    const slot = this.slotOf(leaf, rule);
    const flags = (negated ? leafFlag.negated : 0) | (answerIfUnknown(rule.effect) ? leafFlag.unknownIsTrue : 0);
    const coded = (op: number, operand: CodedOperand): CodedLeaf => {
      const head = op | flags | (slot.index << leafFlag.slotShift);
      return { head, operand, yes: target.yes, no: target.no };
    };
    switch (leaf.kind) {
      case 'class':
      case 'range':
        return coded(operation.range, { range: [leaf.low, leaf.high] });
      case 'has':
        return coded(operation.has, { number: 0 });
      case 'pair': {
        const right = this.#slot(leaf.right, slotKind.integer, 0);
        return coded(operation.pair, { number: right.index * 8 + comparisons.indexOf(leaf.op) });
      }
      case 'text': {
        const [only] = leaf.values;
        return leaf.values.length === 1 && only !== undefined
          ? coded(operation.is, { number: slot.texts.get(only) ?? 0 })
          : coded(operation.in, { mask: maskOf(slot, leaf.values), slot });
      }
      case 'any':
        return coded(operation.any, { mask: maskOf(slot, leaf.values), slot });
      case 'subset':
        return coded(operation.subset, { mask: maskOf(slot, leaf.values), slot });
      default:
        return unreachable(leaf);
    }
  }
}

/** Words that hold one bit for each number of a slot, and one for any other. */
export function maskWords(slot: Pick<Slot, 'texts'>): number {
  return (slot.texts.size + 32) >> 5;
}

function maskOf(slot: Slot, values: readonly string[]): readonly number[] {
  const mask = Array.from({ length: maskWords(slot) }, () => 0);
  for (const value of values) {
    const bit = slot.texts.get(value) ?? 0;
    mask[bit >> 5] = (mask[bit >> 5] ?? 0) | (1 << (bit & 31));
  }
  return mask;
}

/**
 * A condition without which the rule cannot match, chosen to be as rare as possible: a class above a threshold, or one of
 * a few texts. Undefined means that the rule must always be looked at.
 */
export function necessaryLeaf(when: Normal): Leaf | undefined {
  const conjuncts = when.kind === 'and' ? when.items : [when];
  let best: { readonly leaf: Leaf; readonly cost: number } | undefined;
  for (const part of conjuncts) {
    if (part.kind !== 'leaf' || part.negated) continue;
    const cost = commonness(part.leaf);
    if (cost !== undefined && (best === undefined || cost < best.cost)) best = { leaf: part.leaf, cost };
  }
  return best?.leaf;
}

function commonness(leaf: Leaf): number | undefined {
  switch (leaf.kind) {
    case 'class':
      return leaf.low > 0 ? 1 : undefined;
    case 'text':
      return leaf.values.length * (leaf.path === 'subject.kind' || leaf.path === 'request.route' ? 20 : 4);
    case 'any':
      return leaf.values.length * 3;
    case 'has':
      return 30;
    case 'range':
    case 'pair':
    case 'subset':
      return undefined;
    default:
      return unreachable(leaf);
  }
}

/** One text for one endpoint expression with one answer-if-unknown; equal ones share a bitmap. */
export function expressionKey(rule: Rule): string | undefined {
  if (rule.endpoints === undefined) return undefined;
  return writeEndpointExpression({ unknownIsTrue: answerIfUnknown(rule.effect), when: rule.endpoints });
}
