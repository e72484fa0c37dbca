import { type Endpoint, unreachable } from '@writ/domain';
import type { Comparison, Leaf, Normal } from './expression.js';
import { type Outcome, setBit } from './outcome.js';
import { type Program, type Rule, answerIfUnknown } from './program.js';
import {
  type Assumption,
  type Fact,
  type View,
  absent,
  readEndpoint,
  readFact,
  saturate,
  unknown,
} from './read-fact.js';

/**
 * The specification of the language: Kleene's three-valued logic, rule by rule, endpoint by endpoint, with no cleverness.
 * `undefined` is the third truth value. The compiled engine is fuzzed against it and must never differ.
 */
export function evaluateByReference(
  program: Program,
  endpoints: readonly Endpoint[],
  linkedAtMs: number,
  view: View,
  assume: Assumption,
): Outcome {
  const redacted = new Set<string>();
  const applies = (rule: Rule, endpoint?: Endpoint): boolean => {
    const part = endpoint === undefined ? rule.when : rule.endpoints;
    if (part === undefined) return true;
    const world: World = {
      view,
      read: readFact,
      assume,
      redacted: rule.residual ? redacted : undefined,
      endpoint,
      linkedAtMs,
    };
    return truth(part, rule, world) ?? answerIfUnknown(rule.effect);
  };

  for (const rule of program.rules) {
    if (rule.effect !== 'redact' || rule.endpoints !== undefined || !applies(rule)) continue;
    for (const name of rule.redact?.classes ?? []) redacted.add(name);
  }
  const matching = program.rules.filter((rule) => applies(rule));
  const liftedTags = new Set(matching.flatMap((rule) => rule.overrides));
  const lifted = matching.filter(({ tags }) => tags.some((tag) => liftedTags.has(tag)));
  const standing = matching.filter((rule) => !lifted.includes(rule));
  const isPermitted = (endpoint: Endpoint) =>
    standing.some((rule) => rule.effect === 'permit' && applies(rule, endpoint));
  const isDenied = (endpoint: Endpoint) =>
    standing.some((rule) => (rule.effect === 'deny' || rule.effect === 'restrict') && applies(rule, endpoint));
  const redactions = matching.filter(({ effect, endpoints: own }) => effect === 'redact' && own !== undefined);
  return {
    matched: bitsWhere(program.rules, (rule) => matching.includes(rule)),
    lifted: bitsWhere(program.rules, (rule) => lifted.includes(rule)),
    permitted: bitsWhere(endpoints, isPermitted),
    authorized: bitsWhere(endpoints, (endpoint) => isPermitted(endpoint) && !isDenied(endpoint)),
    sawUnknown: true,
    inQuestion: new Map(
      redactions.map((rule) => [
        program.rules.indexOf(rule),
        bitsWhere(endpoints, (endpoint) => applies(rule, endpoint)),
      ]),
    ),
  };
}

function bitsWhere<T>(items: readonly T[], holds: (item: T) => boolean): Int32Array {
  const bits = new Int32Array((items.length + 31) >> 5);
  for (const [index, item] of items.entries()) if (holds(item)) setBit(bits, index);
  return bits;
}

/** Tells whether conditions of `when` hold, undefined where a fact is unknown; for explanations. */
export function leafAnswers(view: View, read: World['read']): (leaf: Leaf) => boolean | undefined {
  const world: World = { view, read, assume: 'none', redacted: undefined, endpoint: undefined, linkedAtMs: 0 };
  return (leaf) => leafTruth(leaf, world);
}

interface World {
  readonly view: View;
  readonly read: (view: View, path: string) => Fact;
  readonly assume: Assumption;
  /** The classes that leave by redaction, for a rule that sees what remains. */
  readonly redacted: ReadonlySet<string> | undefined;
  readonly endpoint: Endpoint | undefined;
  readonly linkedAtMs: number;
}

function truth(part: Normal, rule: Rule, world: World): boolean | undefined {
  if (part.kind === 'constant') return part.value;
  if (part.kind === 'leaf') {
    const answer = leafTruth(part.leaf, world);
    if (answer !== undefined) return answer !== part.negated;
    return isAssumed(part.leaf, world.assume) ? !answerIfUnknown(rule.effect) : undefined;
  }
  const decisive = part.kind === 'or';
  const answers = part.items.map((item) => truth(item, rule, world));
  if (answers.includes(decisive)) return decisive;
  return answers.includes(undefined) ? undefined : !decisive;
}

function isAssumed(leaf: Leaf, assume: Assumption): boolean {
  if (assume !== 'classification') return assume === 'everything';
  return leaf.kind === 'class' || (leaf.kind !== 'pair' && leaf.path.startsWith('data.'));
}

function leafTruth(leaf: Leaf, world: World): boolean | undefined {
  if (leaf.kind === 'class') return inRange(score(leaf.name, world), leaf.low, leaf.high);
  if (leaf.kind === 'pair') {
    const left = valueOf(leaf.left, world);
    const right = valueOf(leaf.right, world);
    return typeof left === 'number' && typeof right === 'number' ? compare(left, leaf.op, right) : undefined;
  }
  const value = valueOf(leaf.path, world);
  switch (leaf.kind) {
    case 'has':
      return value === unknown ? undefined : value !== absent;
    case 'range':
      return inRange(value, leaf.low, leaf.high);
    case 'text':
      return typeof value === 'string' ? leaf.values.includes(value) : undefined;
    case 'any':
      return Array.isArray(value) ? leaf.values.some((wanted) => value.includes(wanted)) : undefined;
    case 'subset':
      return Array.isArray(value) ? value.every((item: string) => leaf.values.includes(item)) : undefined;
    default:
      return unreachable(leaf);
  }
}

function valueOf(path: string, world: World): Fact {
  if (path.startsWith('endpoint.')) {
    return world.endpoint === undefined ? unknown : readEndpoint(world.endpoint, path, world.linkedAtMs);
  }
  if (path === 'data.complete' && world.assume !== 'none') return 1;
  if (path === 'data.classes' && world.redacted !== undefined) {
    const classes = world.read(world.view, path);
    return typeof classes === 'object' ? classes.filter((name) => Number(score(name, world)) > 0) : classes;
  }
  return world.read(world.view, path);
}

function score(name: string, world: World): Fact {
  const { data } = world.view.facts;
  if (data === undefined) return unknown;
  const scores = world.redacted?.has(name) === true ? data.residual : data.classes;
  return saturate(Object.hasOwn(scores, name) ? (scores[name] ?? 0) : 0);
}

function inRange(value: Fact, low: number, high: number): boolean | undefined {
  return typeof value === 'number' ? value >= low && value <= high : undefined;
}

export function compare(left: number, op: Comparison, right: number): boolean {
  switch (op) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      return unreachable(op);
  }
}
