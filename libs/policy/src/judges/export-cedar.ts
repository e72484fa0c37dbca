import { unreachable } from '@writ/domain';
import { type Leaf, type Normal, highest, lowest } from '../expression.js';
import type { Program, Rule } from '../program.js';
import { classKey } from './flat-facts.js';

/** Cedar's JSON policy format (EST), as far as the export needs it. */
export type CedarExpression = Readonly<Record<string, unknown>>;
export interface CedarPolicy {
  readonly effect: 'permit' | 'forbid';
  readonly principal: { readonly op: 'All' };
  readonly action: { readonly op: 'All' };
  readonly resource: { readonly op: 'All' };
  readonly conditions: readonly { readonly kind: 'when' | 'unless'; readonly body: CedarExpression }[];
}

/**
 * Permits and denials as Cedar policies over a flat context that holds the facts and one endpoint's attributes. Cedar skips
 * a forbid whose input is missing, so the export decides rightly on complete facts only.
 */
export function exportCedar({ rules }: Program): Readonly<Record<string, CedarPolicy>> {
  return Object.fromEntries(
    rules
      .filter(({ effect }) => effect === 'permit' || effect === 'deny' || effect === 'restrict')
      .map((rule) => [rule.id, cedarPolicy(rule, rules)]),
  );
}

const anything = { op: 'All' } as const;

function cedarPolicy(rule: Rule, rules: readonly Rule[]): CedarPolicy {
  const lifting = rules.filter(
    ({ effect, overrides }) => effect === 'override' && overrides.some((tag) => rule.tags.includes(tag)),
  );
  return {
    effect: rule.effect === 'permit' ? 'permit' : 'forbid',
    principal: anything,
    action: anything,
    resource: anything,
    conditions: [
      { kind: 'when', body: cedarOf(rule.when) },
      ...(rule.endpoints === undefined ? [] : [{ kind: 'when' as const, body: cedarOf(rule.endpoints) }]),
      ...lifting.map(({ when }) => ({ kind: 'unless' as const, body: cedarOf(when) })),
    ],
  };
}

export function cedarOf(normal: Normal): CedarExpression {
  if (normal.kind === 'constant') return value(normal.value);
  if (normal.kind === 'leaf') return normal.negated ? { '!': { arg: cedarLeaf(normal.leaf) } } : cedarLeaf(normal.leaf);
  const op = normal.kind === 'and' ? '&&' : '||';
  return normal.items.map(cedarOf).reduce((left, right) => ({ [op]: { left, right } }));
}

function cedarLeaf(leaf: Leaf): CedarExpression {
  switch (leaf.kind) {
    case 'text':
      return { contains: { left: set(leaf.values), right: fact(leaf.path) } };
    case 'any':
      return { containsAny: { left: fact(leaf.path), right: set(leaf.values) } };
    case 'subset':
      return { containsAll: { left: set(leaf.values), right: fact(leaf.path) } };
    case 'range':
      return range(fact(leaf.path), leaf.low, leaf.high);
    case 'class':
      return range(fact(classKey(leaf.name)), leaf.low, leaf.high);
    case 'pair':
      return { [leaf.op]: { left: fact(leaf.left), right: fact(leaf.right) } };
    case 'has':
      return { has: { left: { Var: 'context' }, attr: leaf.path } };
    default:
      return unreachable(leaf);
  }
}

function range(left: CedarExpression, low: number, high: number): CedarExpression {
  const bounds = [
    ...(low > lowest ? [{ '>=': { left, right: value(low) } }] : []),
    ...(high < highest ? [{ '<=': { left, right: value(high) } }] : []),
  ];
  return bounds.length === 0 ? value(true) : bounds.reduce((a, b) => ({ '&&': { left: a, right: b } }) as never);
}

function fact(path: string): CedarExpression {
  return { '.': { left: { Var: 'context' }, attr: path } };
}

function value(literal: string | number | boolean): CedarExpression {
  return { Value: literal };
}

function set(values: readonly string[]): CedarExpression {
  return { Set: values.map(value) };
}
