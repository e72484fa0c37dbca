import type { JsonValue } from '@writ/domain';
import { attributeOf } from './attributes.js';
import { type DecodedLeaf, clock, decodeLeaves } from './decode-leaf.js';
import { type Evaluation, ruleName } from './evaluation.js';
import type { Because, Explanation, MatchedRule } from './explanation.js';
import type { Facts } from './facts.js';
import { readFast } from './fact-readers.js';
import type { ImageReader } from './image-reader.js';
import { layerIntegers } from './layer-integers.js';
import { endpointsOf } from './link-layer.js';
import { hasBit, indexesOf } from './outcome.js';
import type { RuleObligations } from './program.js';
import { type Fact, type View, absent, unknown } from './read-fact.js';
import { leafAnswers } from './reference.js';

/** A rule that keeps endpoints out, and which. */
export interface Barrier {
  readonly rule: string;
  readonly endpoints: Readonly<Int32Array>;
}

/** What one layer says for one subject, told to people. */
export class Told {
  readonly view: View;
  readonly reader: ImageReader;
  readonly answer: (leaf: DecodedLeaf['leaf']) => boolean | undefined;
  readonly #rules: readonly number[];

  constructor(
    readonly evaluation: Evaluation,
    readonly facts: Facts,
  ) {
    const { layer, subject, outcome } = evaluation;
    this.reader = layer.linked.reader;
    this.view = { facts, subject, timezone: this.reader.timezone };
    this.answer = leafAnswers(this.view, readFast);
    this.#rules = indexesOf(outcome.matched);
  }

  matched(withSubject: boolean): readonly MatchedRule[] {
    const { layer, subject } = this.evaluation;
    return this.#rules.map((rule) => ({
      rule: ruleName(layer, rule),
      effect: this.reader.effect(rule),
      because: this.#because(this.#conditions(rule, true)),
      reason: this.reader.reason(rule),
      ...(withSubject ? { subject: subject.id } : {}),
    }));
  }

  barriers(): readonly Barrier[] {
    const { layer, outcome } = this.evaluation;
    const integers = layerIntegers(layer.linked, this.view);
    const barriers: Barrier[] = [];
    for (const rule of this.#rules) {
      const effect = this.reader.effect(rule);
      if ((effect !== 'deny' && effect !== 'restrict') || hasBit(outcome.lifted, rule)) continue;
      const endpoints = endpointsOf(layer.linked, this.reader.expression(rule), integers, false);
      barriers.push({ rule: ruleName(layer, rule), endpoints });
    }
    return barriers;
  }

  overridden(): Explanation['overridden'] {
    const { layer, outcome } = this.evaluation;
    const lifted = indexesOf(outcome.lifted);
    if (lifted.length === 0) return [];
    const overrides = this.#rules.filter((rule) => this.reader.effect(rule) === 'override');
    return lifted.map((rule) => ({
      rule: ruleName(layer, rule),
      by: overrides
        .filter((by) => (this.reader.tags(by) & this.reader.tags(rule)) !== 0)
        .map((by) => ruleName(layer, by)),
    }));
  }

  obligations(): Explanation['obligations'] {
    const found: ({ readonly by: string } & RuleObligations)[] = [];
    for (const rule of this.#rules) {
      if (!this.reader.isAsking(rule)) continue;
      const { oblige } = this.reader.asks(rule);
      if (oblige !== undefined) found.push({ by: ruleName(this.evaluation.layer, rule), ...oblige });
    }
    return found;
  }

  /** Permits that did not match, the ones with the fewest failing conditions first. */
  nearMisses(): Explanation['nearMisses'] {
    const { layer, outcome } = this.evaluation;
    const missed: { readonly rule: number; readonly failed: readonly DecodedLeaf[] }[] = [];
    for (let rule = 0; rule < this.reader.rules; rule += 1) {
      if (this.reader.effect(rule) !== 'permit' || hasBit(outcome.matched, rule)) continue;
      missed.push({ rule, failed: this.#conditions(rule, false) });
    }
    return missed
      .toSorted((a, b) => a.failed.length - b.failed.length)
      .slice(0, 3)
      .map(({ rule, failed }) => ({ rule: ruleName(layer, rule), failedOn: this.#because(failed) }));
  }

  /** The conditions that held (or failed); one whose fact is unknown counts as either. */
  #conditions(rule: number, held: boolean): readonly DecodedLeaf[] {
    const found: DecodedLeaf[] = [];
    for (const decoded of decodeLeaves(this.reader, rule)) {
      const answer = this.answer(decoded.leaf);
      if (answer === undefined || (answer !== decoded.negated) === held) found.push(decoded);
    }
    return found;
  }

  /** Conditions with what the request had. */
  #because(leaves: readonly DecodedLeaf[]): readonly Because[] {
    return leaves.map((decoded) => ({ condition: decoded.condition, actual: actualOf(decoded, this.view) }));
  }
}

function actualOf({ leaf }: DecodedLeaf, view: View): JsonValue {
  if (leaf.kind === 'class') {
    const { data } = view.facts;
    return data === undefined ? 'unknown' : (data.classes[leaf.name] ?? 0) / 1000;
  }
  if (leaf.kind === 'pair')
    return [show(readFast(view, leaf.left), leaf.left), show(readFast(view, leaf.right), leaf.right)];
  return show(readFast(view, leaf.path), leaf.path);
}

function show(fact: Fact, path: string): JsonValue {
  if (fact === absent) return 'absent';
  if (fact === unknown) return 'unknown';
  const attribute = attributeOf(path);
  if (attribute?.asserted === true) return 'present';
  if (typeof fact !== 'number') return typeof fact === 'string' ? fact : [...fact];
  if (attribute?.type === 'boolean') return fact === 1;
  return path === 'time.minute' ? clock(fact) : fact;
}
