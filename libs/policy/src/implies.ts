import { unreachable } from '@writ/domain';
import type { Leaf, Normal } from './expression.js';

/**
 * True only when `a` certainly implies `b`, by the shape of the two alone. Sound and incomplete: where it says false, the
 * solver at publish (or a person) must look.
 */
export function implies(a: Normal, b: Normal): boolean {
  if (a.kind === 'constant' && !a.value) return true;
  if (b.kind === 'constant' && b.value) return true;
  if (a.kind === 'constant' || b.kind === 'constant') return false;
  if (a.kind === 'or') return a.items.every((item) => implies(item, b));
  if (b.kind === 'and') return b.items.every((item) => implies(a, item));
  if (a.kind === 'and' && a.items.some((item) => implies(item, b))) return true;
  if (b.kind === 'or' && b.items.some((item) => implies(a, item))) return true;
  if (a.kind !== 'leaf' || b.kind !== 'leaf') return false;
  if (a.negated !== b.negated) return false;
  return a.negated ? leafImplies(b.leaf, a.leaf) : leafImplies(a.leaf, b.leaf);
}

function leafImplies(a: Leaf, b: Leaf): boolean {
  switch (a.kind) {
    case 'class':
      return b.kind === 'class' && a.name === b.name && a.low >= b.low && a.high <= b.high;
    case 'range':
      return b.kind === 'range' && a.path === b.path && a.low >= b.low && a.high <= b.high;
    case 'has':
      return b.kind === 'has' && a.path === b.path;
    case 'pair':
      return b.kind === 'pair' && a.left === b.left && a.op === b.op && a.right === b.right;
    case 'text':
    case 'any':
    case 'subset':
      return b.kind === a.kind && a.path === b.path && a.values.every((value) => b.values.includes(value));
    default:
      return unreachable(a);
  }
}
