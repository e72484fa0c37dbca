import { unreachable } from '@writ/domain';
import { type Attribute, attributeOf, delegationPath, knownPaths } from './attributes.js';
import { type DiagnosticCode, didYouMean } from './diagnostic.js';
import type { Comparison, Expression, Leaf } from './expression.js';
import { isGuarded, presentWhen } from './guards.js';
import { policyLimits } from './limits.js';
import { type Range, integerOf, kindOf, minuteOf, rangeOf } from './literal.js';
import type { Operand, Syntax } from './parse-expression.js';

export interface CheckContext {
  readonly scope: 'when' | 'endpoints';
  readonly classes: ReadonlySet<string>;
  readonly sets: ReadonlyMap<string, readonly string[]>;
  /** Optional attributes that are certainly there, by the `when` of the same rule. */
  readonly guarded: ReadonlySet<string>;
  complain(at: number, code: DiagnosticCode, message: string, hint?: string): void;
}

const never: Expression = { kind: 'constant', value: false };
const functions = ['any', 'subset', 'has', 'class', 'between'];
const mirrored: Readonly<Record<Comparison, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** Types every condition and resolves literals and sets. What is wrong is complained of; the result is then not used. */
export function checkExpression(syntax: Syntax, context: CheckContext): Expression {
  return new Checker(context).check(syntax, context.guarded);
}

class Checker {
  constructor(readonly context: CheckContext) {}

  check(syntax: Syntax, guarded: ReadonlySet<string>): Expression {
    switch (syntax.kind) {
      case 'not':
        return { kind: 'not', item: this.check(syntax.item, guarded) };
      case 'and':
      case 'or': {
        const known = new Set(guarded);
        const items = syntax.items.map((item) => {
          const checked = this.check(item, known);
          for (const path of presentWhen(item, syntax.kind === 'and')) known.add(path);
          return checked;
        });
        return { kind: syntax.kind, items };
      }
      case 'compare':
        return this.#compare(syntax.left, syntax.op, syntax.right, guarded);
      case 'in':
        return this.#in(syntax.left, syntax.right, guarded);
      case 'operand':
        return this.#operand(syntax.operand, guarded);
      default:
        return unreachable(syntax);
    }
  }

  #wrong(at: number, code: DiagnosticCode, message: string, hint?: string): Expression {
    this.context.complain(at, code, message, hint);
    return never;
  }

  #compare(left: Operand, op: Comparison, right: Operand, guarded: ReadonlySet<string>): Expression {
    if (left.kind === 'call') return this.#classScore(left, op, right);
    if (left.kind !== 'path') {
      if (right.kind === 'path') return this.#compare(right, mirrored[op], left, guarded);
      return this.#wrong(left.at, 'E_SYNTAX', 'a comparison needs an attribute on its left');
    }
    if (right.kind === 'path') return this.#pair(left, op, right, guarded);
    const attribute = this.#attribute(left.path, left.at, guarded, false);
    if (attribute === undefined) return never;
    const { type } = attribute;
    if (type === 'texts') {
      return this.#wrong(left.at, 'E_TYPE', `'${left.path}' is a list: use "…" in ${left.path}, any() or subset()`);
    }
    if (type === 'text' || (type === 'open' && right.kind === 'text')) {
      if (op !== '==' && op !== '!=')
        return this.#wrong(left.at, 'E_TYPE', `strings have no order: '${op}' cannot be used`);
      const values = this.#texts(left.path, attribute, [right]);
      return values === undefined ? never : negatedIf(op === '!=', { kind: 'text', path: left.path, values });
    }
    const numeric = type === 'open' && right.kind === 'boolean' ? 'boolean' : type;
    if (numeric === 'boolean' && op !== '==' && op !== '!=') {
      return this.#wrong(left.at, 'E_TYPE', `booleans have no order: '${op}' cannot be used`);
    }
    const value = integerOf(numeric, right);
    if (!value.ok) return this.#wrong(right.at, 'E_TYPE', `expected ${value.error}, found ${kindOf(right)}`);
    return this.#range(left.path, attribute, rangeOf(op, value.value));
  }

  #range(path: string, attribute: Attribute, { low, high, negated }: Range): Expression {
    if (attribute.type === 'score') return negatedIf(negated, { kind: 'class', name: 'INJECTION', low, high });
    return negatedIf(negated, { kind: 'range', path, low, high });
  }

  #classScore(call: Operand & { kind: 'call' }, op: Comparison, right: Operand): Expression {
    if (call.name !== 'class') return this.#unknownFunction(call, 'only class() is compared with a number');
    const [name, ...more] = call.args;
    if (name?.kind !== 'text' || more.length > 0) {
      return this.#wrong(call.at, 'E_TYPE', 'class() takes one data class, such as class("PHI")');
    }
    if (this.context.scope === 'endpoints')
      return this.#wrong(call.at, 'E_SCOPE', "class() may be used only in 'when'");
    if (!this.#isClass(name.value, name.at)) return never;
    const value = integerOf('score', right);
    if (!value.ok) return this.#wrong(right.at, 'E_TYPE', `expected ${value.error}, found ${kindOf(right)}`);
    const { low, high, negated } = rangeOf(op, value.value);
    return negatedIf(negated, { kind: 'class', name: name.value, low, high });
  }

  #isClass(name: string, at: number): boolean {
    if (this.context.classes.has(name)) return true;
    this.#wrong(at, 'E_CLASS', `unknown data class '${name.slice(0, 80)}'`, didYouMean(name, this.context.classes));
    return false;
  }

  #pair(
    left: Operand & { kind: 'path' },
    op: Comparison,
    right: Operand & { kind: 'path' },
    guarded: ReadonlySet<string>,
  ): Expression {
    for (const side of [left, right]) {
      const attribute = this.#attribute(side.path, side.at, guarded, true);
      if (attribute === undefined) return never;
      if (attribute.type !== 'integer' && attribute.type !== 'open') {
        return this.#wrong(side.at, 'E_TYPE', `'${side.path}' is no integer: only integers compare with each other`);
      }
    }
    const mixed = left.path.startsWith('endpoint.') || right.path.startsWith('endpoint.');
    if (this.context.scope === 'endpoints' && !mixed) {
      return this.#wrong(left.at, 'E_SCOPE', "a condition without an endpoint attribute belongs in 'when'");
    }
    return { kind: 'leaf', leaf: { kind: 'pair', left: left.path, op, right: right.path } };
  }

  #in(left: Operand, right: Operand, guarded: ReadonlySet<string>): Expression {
    if (left.kind === 'text' && right.kind === 'path') return this.#list('any', right, [left], guarded);
    if (left.kind !== 'path') {
      return this.#wrong(
        left.at,
        'E_SYNTAX',
        "'in' needs an attribute on its left, or a string on its left and a list attribute on its right",
      );
    }
    const attribute = this.#attribute(left.path, left.at, guarded, false);
    const items = this.#items(right);
    if (attribute === undefined || items === undefined) return never;
    if (attribute.type === 'texts') {
      return this.#wrong(left.at, 'E_TYPE', `'${left.path}' is a list: use any(${left.path}, […])`);
    }
    if (attribute.type === 'integer' || attribute.type === 'date' || items.every((item) => item.kind === 'number')) {
      return { kind: 'or', items: items.map((item) => this.#compare(left, '==', item, guarded)) };
    }
    if (attribute.type !== 'text' && attribute.type !== 'open') {
      return this.#wrong(left.at, 'E_TYPE', `'in' needs a string or an integer, and '${left.path}' is neither`);
    }
    const values = this.#texts(left.path, attribute, items);
    return values === undefined ? never : { kind: 'leaf', leaf: { kind: 'text', path: left.path, values } };
  }

  #operand(operand: Operand, guarded: ReadonlySet<string>): Expression {
    if (operand.kind === 'boolean') return { kind: 'constant', value: operand.value };
    if (operand.kind === 'path') {
      const attribute = this.#attribute(operand.path, operand.at, guarded, false);
      if (attribute === undefined) return never;
      if (attribute.type !== 'boolean') {
        return this.#wrong(operand.at, 'E_TYPE', `'${operand.path}' is not true or false: compare it with something`);
      }
      return { kind: 'leaf', leaf: { kind: 'range', path: operand.path, low: 1, high: 1 } };
    }
    if (operand.kind !== 'call') return this.#wrong(operand.at, 'E_SYNTAX', 'expected a condition');
    const [first, second, third] = operand.args;
    switch (operand.name) {
      case 'any':
      case 'subset': {
        const items = second === undefined ? undefined : this.#items(second);
        if (first?.kind !== 'path' || third !== undefined || second === undefined) {
          return this.#wrong(operand.at, 'E_TYPE', `${operand.name}() takes a list attribute and a list`);
        }
        return items === undefined ? never : this.#list(operand.name, first, items, guarded);
      }
      case 'has':
        return this.#has(operand, first);
      case 'between':
        return this.#between(operand);
      case 'class':
        return this.#wrong(operand.at, 'E_TYPE', 'class() is compared with a score, such as class("PHI") >= 0.6');
      default:
        return this.#unknownFunction(operand, `unknown function '${operand.name.slice(0, 80)}'`);
    }
  }

  #unknownFunction(call: Operand & { kind: 'call' }, message: string): Expression {
    return this.#wrong(call.at, 'E_FUNCTION', message, didYouMean(call.name, functions));
  }

  #list(
    kind: 'any' | 'subset',
    path: Operand & { kind: 'path' },
    items: readonly Operand[],
    guarded: ReadonlySet<string>,
  ): Expression {
    const attribute = this.#attribute(path.path, path.at, guarded, false);
    if (attribute === undefined) return never;
    if (attribute.type !== 'texts' && attribute.type !== 'open') {
      return this.#wrong(path.at, 'E_TYPE', `'${path.path}' is no list of strings`);
    }
    const values = this.#texts(path.path, attribute, items);
    if (values === undefined) return never;
    if (
      path.path === 'data.classes' &&
      !items.every((item) => item.kind !== 'text' || this.#isClass(item.value, item.at))
    )
      return never;
    return { kind: 'leaf', leaf: { kind, path: path.path, values } };
  }

  #has(call: Operand & { kind: 'call' }, path: Operand | undefined): Expression {
    if (path?.kind !== 'path' || call.args.length !== 1)
      return this.#wrong(call.at, 'E_TYPE', 'has() takes one attribute');
    if (path.path !== delegationPath) {
      const attribute = this.#attribute(path.path, path.at, new Set([path.path, delegationPath]), false);
      if (attribute === undefined) return never;
      if (!attribute.optional && attribute.namespace !== 'ext') {
        return this.#wrong(path.at, 'E_TYPE', `'${path.path}' is always present: has() is for optional attributes`);
      }
    } else if (this.context.scope === 'endpoints') return this.#outOfScope(path.path, path.at);
    return { kind: 'leaf', leaf: { kind: 'has', path: path.path } };
  }

  #between(call: Operand & { kind: 'call' }): Expression {
    const [path, from, to] = call.args;
    if (this.context.scope === 'endpoints') return this.#outOfScope('time.minute', call.at);
    if (path?.kind !== 'path' || path.path !== 'time.minute' || call.args.length !== 3) {
      return this.#wrong(call.at, 'E_TYPE', 'between() takes time.minute and two times, such as "19:00", "07:00"');
    }
    const start = minuteOf(from);
    const end = minuteOf(to);
    if (!start.ok) return this.#wrong(from?.at ?? call.at, 'E_TYPE', `expected ${start.error}`);
    if (!end.ok) return this.#wrong(to?.at ?? call.at, 'E_TYPE', `expected ${end.error}`);
    if (start.value === end.value) return this.#wrong(call.at, 'E_TYPE', 'between() needs two different times');
    if (start.value < end.value) return minutes(start.value, end.value - 1);
    return { kind: 'or', items: [minutes(start.value, 1439), minutes(0, end.value - 1)] };
  }

  #outOfScope(path: string, at: number): Expression {
    const home = path.startsWith('endpoint.') ? 'endpoints' : 'when';
    return this.#wrong(at, 'E_SCOPE', `'${path}' may be used only in '${home}'`);
  }

  /** The attribute's declaration, when it exists, is in scope and is guarded. */
  #attribute(path: string, at: number, guarded: ReadonlySet<string>, inPair: boolean): Attribute | undefined {
    const attribute = attributeOf(path);
    if (attribute === undefined) {
      this.#wrong(at, 'E_ATTR', `unknown attribute '${path.slice(0, 80)}'`, didYouMean(path, knownPaths()));
      return undefined;
    }
    const ofEndpoint = attribute.namespace === 'endpoint';
    const inScope = this.context.scope === 'endpoints' ? ofEndpoint || inPair : !ofEndpoint;
    if (!inScope) {
      this.#outOfScope(path, at);
      return undefined;
    }
    if (attribute.optional && !isGuarded(path, guarded)) {
      this.#wrong(at, 'E_GUARD', `'${path}' is optional: guard it with has(${path}) &&`);
      return undefined;
    }
    return attribute;
  }

  #items(operand: Operand): readonly Operand[] | undefined {
    if (operand.kind === 'list') return operand.items;
    if (operand.kind === 'path' && !operand.path.includes('.')) {
      const set = this.context.sets.get(operand.path);
      if (set !== undefined) return set.map((value) => ({ kind: 'text', value, at: operand.at }));
      this.#wrong(
        operand.at,
        'E_SET',
        `unknown set '${operand.path.slice(0, 80)}'`,
        didYouMean(operand.path, this.context.sets.keys()),
      );
      return undefined;
    }
    this.#wrong(operand.at, 'E_TYPE', `expected a list or the name of a set, found ${kindOf(operand)}`);
    return undefined;
  }

  /** Sorted and without doubles, so that the order of writing is no part of the meaning. */
  #texts(path: string, attribute: Attribute, items: readonly Operand[]): readonly string[] | undefined {
    const values = new Set<string>();
    for (const item of items) {
      if (item.kind !== 'text') {
        this.#wrong(item.at, 'E_TYPE', `expected a string, found ${kindOf(item)}`);
        return undefined;
      }
      if (item.value.length > policyLimits.textLength) {
        this.#wrong(item.at, 'E_LIMIT', `a string may have ${policyLimits.textLength} characters`);
        return undefined;
      }
      if (attribute.values !== undefined && !attribute.values.includes(item.value)) {
        const message = `'${item.value.slice(0, 80)}' is never the value of '${path}'`;
        this.#wrong(item.at, 'E_ENUM', message, didYouMean(item.value, attribute.values));
        return undefined;
      }
      values.add(item.value);
    }
    return [...values].toSorted();
  }
}

function minutes(low: number, high: number): Expression {
  return { kind: 'leaf', leaf: { kind: 'range', path: 'time.minute', low, high } };
}

function negatedIf(negated: boolean, leaf: Leaf): Expression {
  const positive: Expression = { kind: 'leaf', leaf };
  return negated ? { kind: 'not', item: positive } : positive;
}
