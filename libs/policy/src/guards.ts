import { unreachable } from '@writ/domain';
import { attributeOf, delegationPath } from './attributes.js';
import type { Syntax } from './parse-expression.js';

/** The optional attributes that are certainly present once `syntax` is true (or false). */
export function presentWhen(syntax: Syntax, truth: boolean): readonly string[] {
  switch (syntax.kind) {
    case 'not':
      return presentWhen(syntax.item, !truth);
    case 'and':
    case 'or':
      return (syntax.kind === 'and') === truth ? syntax.items.flatMap((item) => presentWhen(item, truth)) : [];
    case 'operand': {
      const { operand } = syntax;
      const [path] = operand.kind === 'call' && operand.name === 'has' && truth ? operand.args : [];
      return path?.kind === 'path' ? [path.path] : [];
    }
    case 'compare':
    case 'in':
      return [];
    default:
      return unreachable(syntax);
  }
}

/** A delegation that is certainly there brings whatever every subject has. */
export function isGuarded(path: string, guarded: ReadonlySet<string>): boolean {
  if (guarded.has(path)) return true;
  const prefix = `${delegationPath}.`;
  if (!path.startsWith(prefix) || !guarded.has(delegationPath)) return false;
  return attributeOf(`subject.${path.slice(prefix.length)}`)?.optional === false;
}
