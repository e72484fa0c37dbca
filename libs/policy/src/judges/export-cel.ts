import { unreachable } from '@writ/domain';
import { type Leaf, type Normal, highest, lowest } from '../expression.js';
import type { Program, Rule } from '../program.js';
import { classKey } from './flat-facts.js';

/**
 * The whole decision about one endpoint as one CEL expression over the map `f` of facts. CEL has no answer-if-unknown: the
 * export is for comparing engines on complete facts, never for enforcing.
 */
export function exportCel({ rules }: Program): string {
  const granted: string[] = [];
  const denied: string[] = [];
  for (const rule of rules) {
    const holds = conjunction([celOf(rule.when), rule.endpoints === undefined ? 'true' : celOf(rule.endpoints)]);
    if (rule.effect === 'permit') granted.push(holds);
    if (rule.effect === 'deny' || rule.effect === 'restrict')
      denied.push(conjunction([holds, `!${lifted(rules, rule)}`]));
  }
  return conjunction([disjunction(granted), `!${disjunction(denied)}`]);
}

function lifted(rules: readonly Rule[], { tags }: Rule): string {
  const lifting = rules.filter(
    ({ effect, overrides }) => effect === 'override' && overrides.some((tag) => tags.includes(tag)),
  );
  return disjunction(lifting.map(({ when }) => celOf(when)));
}

const conjunction = (parts: readonly string[]): string => `(${parts.join(' && ')})`;
const disjunction = (parts: readonly string[]): string => (parts.length === 0 ? '(false)' : `(${parts.join(' || ')})`);

export function celOf(normal: Normal): string {
  if (normal.kind === 'constant') return String(normal.value);
  if (normal.kind === 'leaf') return normal.negated ? `!(${celLeaf(normal.leaf)})` : `(${celLeaf(normal.leaf)})`;
  const parts = normal.items.map(celOf);
  return normal.kind === 'and' ? conjunction(parts) : disjunction(parts);
}

function celLeaf(leaf: Leaf): string {
  switch (leaf.kind) {
    case 'text':
      return `${fact(leaf.path)} in ${JSON.stringify(leaf.values)}`;
    case 'any':
      return `${fact(leaf.path)}.exists(x, x in ${JSON.stringify(leaf.values)})`;
    case 'subset':
      return `${fact(leaf.path)}.all(x, x in ${JSON.stringify(leaf.values)})`;
    case 'range':
      return celRange(fact(leaf.path), leaf.low, leaf.high);
    case 'class':
      return celRange(fact(classKey(leaf.name)), leaf.low, leaf.high);
    case 'pair':
      return `${fact(leaf.left)} ${leaf.op} ${fact(leaf.right)}`;
    case 'has':
      return `${JSON.stringify(leaf.path)} in f`;
    default:
      return unreachable(leaf);
  }
}

function fact(path: string): string {
  return `f[${JSON.stringify(path)}]`;
}

function celRange(name: string, low: number, high: number): string {
  const bounds = [...(low > lowest ? [`${name} >= ${low}`] : []), ...(high < highest ? [`${name} <= ${high}`] : [])];
  return bounds.length === 0 ? 'true' : bounds.join(' && ');
}
