import { type Complaints, type DiagnosticCode, didYouMean } from './diagnostic.js';
import { type Normal, leavesOf, normalize } from './expression.js';
import { type CheckContext, checkExpression } from './check.js';
import { presentWhen } from './guards.js';
import { policyLimits } from './limits.js';
import { parseExpression } from './parse-expression.js';
import { type Tree, type TreeEntry, offsetInScalar } from './source-tree.js';

export type Members = ReadonlyMap<string, TreeEntry>;

const maximumExpression = 16 * 1024;

/** What expressions of one rule may name. */
export type Scope = Omit<CheckContext, 'complain'>;

export interface ReadExpression {
  readonly normal: Normal;
  readonly present: readonly string[];
  readonly conditions: number;
}

/** Reads typed values out of a tree; what does not fit is complained of at its place, and a harmless value returned. */
export class TreeReader {
  constructor(
    readonly source: string,
    readonly complaints: Complaints,
  ) {}

  members(tree: Tree, what: string, allowed: readonly string[]): Members {
    if (tree.kind !== 'map') {
      this.complaints.error(tree.at, 'E_TYPE', `${what} must be a map`);
      return new Map();
    }
    for (const { key, keyAt } of tree.entries) {
      if (allowed.includes(key)) continue;
      if (this.complaints.isFull) break;
      this.complaints.error(keyAt, 'E_KEY', `unknown key '${key.slice(0, 80)}' in ${what}`, didYouMean(key, allowed));
    }
    return new Map(tree.entries.map((entry) => [entry.key, entry]));
  }

  list(entry: TreeEntry | undefined, limit: number): readonly Tree[] {
    if (entry === undefined) return [];
    const { value, key } = entry;
    if (value.kind !== 'list') {
      this.complaints.error(value.at, 'E_TYPE', `'${key}' must be a list`);
      return [];
    }
    if (value.items.length <= limit) return value.items;
    this.complaints.error(value.items[limit]?.at ?? value.at, 'E_LIMIT', `'${key}' may hold ${limit} items`);
    return value.items.slice(0, limit);
  }

  text(tree: Tree | undefined, what: string): string {
    if (tree?.kind === 'scalar' && typeof tree.value === 'string') {
      if (tree.value.length <= policyLimits.textLength) return tree.value;
      this.complaints.error(tree.at, 'E_LIMIT', `${what} may have ${policyLimits.textLength} characters`);
    } else if (tree !== undefined) this.complaints.error(tree.at, 'E_TYPE', `${what} must be a string`);
    return '';
  }

  /** Sorted and without doubles. */
  texts(entry: TreeEntry | undefined, limit: number = policyLimits.listItems): readonly string[] {
    const what = `an item of '${entry?.key ?? ''}'`;
    return [...new Set(this.list(entry, limit).map((item) => this.text(item, what)))].toSorted();
  }

  /** A class the document declares. */
  declaredClass(tree: Tree, classes: ReadonlySet<string>): string {
    const name = this.text(tree, 'a data class');
    if (name !== '' && !classes.has(name)) {
      this.complaints.error(tree.at, 'E_CLASS', `unknown data class '${name.slice(0, 80)}'`, didYouMean(name, classes));
    }
    return name;
  }

  integer(entry: TreeEntry | undefined, low: number, high: number): number | undefined {
    if (entry === undefined) return undefined;
    const { value, key } = entry;
    const number = value.kind === 'scalar' ? value.value : undefined;
    if (typeof number === 'number' && Number.isInteger(number) && number >= low && number <= high) return number;
    this.complaints.error(value.at, 'E_TYPE', `'${key}' must be a whole number from ${low} to ${high}`);
    return undefined;
  }

  choice<T extends string>(tree: Tree | undefined, what: string, choices: readonly T[]): T | undefined {
    if (tree === undefined) return undefined;
    const value = tree.kind === 'scalar' ? String(tree.value) : '';
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    const hint = didYouMean(value, choices) ?? `one of ${choices.join(', ')}`;
    this.complaints.error(tree.at, 'E_ENUM', `unknown ${what} '${value.slice(0, 80)}'`, hint);
    return undefined;
  }

  /** An expression with positions inside whatever YAML style it was written in; absent means `fallback`. */
  expression(entry: TreeEntry | undefined, scope: Scope): ReadExpression {
    const nothing: ReadExpression = { normal: { kind: 'constant', value: true }, present: [], conditions: 0 };
    if (entry === undefined) return nothing;
    const { value: tree, key } = entry;
    if (tree.kind === 'scalar' && typeof tree.value === 'boolean') {
      return { ...nothing, normal: { kind: 'constant', value: tree.value } };
    }
    if (tree.kind !== 'scalar' || typeof tree.value !== 'string') {
      this.complaints.error(tree.at, 'E_TYPE', `'${key}' must be an expression: quote it`);
      return nothing;
    }
    const text = tree.value;
    const complain = (at: number, code: DiagnosticCode, message: string, hint?: string) => {
      this.complaints.error(offsetInScalar(this.source, tree.at, text, at), code, message, hint);
    };
    if (text.length > maximumExpression) {
      complain(maximumExpression, 'E_LIMIT', `an expression may have ${maximumExpression} characters`);
      return nothing;
    }
    const syntax = parseExpression(text);
    if (!syntax.ok) {
      complain(syntax.error.at, syntax.error.code, syntax.error.message);
      return nothing;
    }
    const checked = checkExpression(syntax.value, { ...scope, complain });
    const normal = normalize(checked);
    let conditions = 0;
    for (const _ of leavesOf(normal)) conditions += 1;
    if (conditions > policyLimits.conditionsPerRule) {
      complain(0, 'E_LIMIT', `a rule may have ${policyLimits.conditionsPerRule} conditions`);
    }
    return { normal, present: presentWhen(syntax.value, true), conditions };
  }
}
