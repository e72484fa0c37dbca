import { attributeOf, delegationPath } from './attributes.js';
import { type Leaf, type Normal, highest, leavesOf, lowest } from './expression.js';

export const either = (parts: readonly string[]): string => (parts.length === 0 ? 'false' : `(or ${parts.join(' ')})`);
export const all = (parts: readonly string[]): string => (parts.length === 0 ? 'true' : `(and ${parts.join(' ')})`);
export const not = (part: string): string => `(not ${part})`;
export const integer = (value: number): string => (value < 0 ? `(- ${-value})` : String(value));

/** What a solver's variable stands for, so that a counterexample can be read. */
export interface Symbol {
  readonly path: string;
  readonly kind: 'text' | 'member' | 'integer' | 'score' | 'presence' | 'failure';
  readonly value?: string;
  readonly texts?: readonly string[];
}

/**
 * The facts of one request and the attributes of one endpoint as variables, with what is true of all of them. Sources may
 * fail and optional attributes may be absent, so the proof covers unknown facts too.
 */
export class SymbolicFacts {
  readonly declarations: string[] = [];
  readonly symbols = new Map<string, Symbol>();
  readonly #byKey = new Map<string, string>();
  readonly #texts = new Map<string, Set<string>>();

  /** Every text that any condition compares with must be known before the first condition is written. */
  learn(normal: Normal): void {
    for (const { leaf } of leavesOf(normal)) {
      if (leaf.kind !== 'text' && leaf.kind !== 'any' && leaf.kind !== 'subset') continue;
      const known = this.#texts.get(leaf.path) ?? new Set<string>(attributeOf(leaf.path)?.values);
      for (const value of leaf.values) known.add(value);
      this.#texts.set(leaf.path, known);
    }
  }

  /** The condition itself, its fact being known. `score` gives the score of a class as the rule sees it. */
  relation(leaf: Leaf, score: (name: string) => string): string {
    switch (leaf.kind) {
      case 'class':
        return between(score(leaf.name), leaf.low, leaf.high);
      case 'range':
        return between(this.integer(leaf.path), leaf.low, leaf.high);
      case 'pair': {
        const sides = `${this.integer(leaf.left)} ${this.integer(leaf.right)}`;
        return leaf.op === '!=' ? not(`(= ${sides})`) : `(${leaf.op === '==' ? '=' : leaf.op} ${sides})`;
      }
      case 'has':
        return this.presence(leaf.path);
      case 'text':
        return either(leaf.values.map((value) => `(= ${this.#text(leaf.path)} ${this.#numberOf(leaf.path, value)})`));
      case 'any':
        return either(leaf.values.map((value) => this.#member(leaf.path, value, score)));
      default: {
        const others = [...(this.#texts.get(leaf.path) ?? [])].filter((value) => !leaf.values.includes(value));
        return all([
          ...others.map((value) => not(this.#member(leaf.path, value, score))),
          not(this.#member(leaf.path, undefined, score)),
        ]);
      }
    }
  }

  /** True when the fact that a condition needs is not known. */
  ignorance(leaf: Leaf): string {
    if (leaf.kind === 'class') return this.failure('data');
    if (leaf.kind === 'pair') return either([this.#ignoranceOf(leaf.left), this.#ignoranceOf(leaf.right)]);
    if (leaf.kind === 'has') return leaf.path.startsWith('ext.') ? this.failure(leaf.path) : 'false';
    return this.#ignoranceOf(leaf.path);
  }

  #ignoranceOf(path: string): string {
    const attribute = attributeOf(path);
    if (attribute === undefined || attribute.namespace === 'endpoint' || path === 'data.complete') return 'false';
    if (attribute.namespace === 'data' || attribute.namespace === 'budget') return this.failure(attribute.namespace);
    if (path === 'request.priced') return this.failure(path);
    const absence = attribute.optional ? [not(this.presence(path))] : [];
    return either([...absence, ...(attribute.type === 'open' ? [this.failure(path)] : [])]);
  }

  #declare(key: string, sort: 'Bool' | 'Int', symbol: Symbol, facts: (name: string) => readonly string[]): string {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const name = `x${this.#byKey.size}`;
    this.#byKey.set(key, name);
    this.symbols.set(name, symbol);
    this.declarations.push(`(declare-const ${name} ${sort})`);
    for (const fact of facts(name)) this.declarations.push(`(assert ${fact})`);
    return name;
  }

  failure(source: string): string {
    return this.#declare(`failure ${source}`, 'Bool', { path: source, kind: 'failure' }, () => []);
  }

  presence(path: string): string {
    const prefix = `${delegationPath}.`;
    const inherited = path.startsWith(prefix) ? attributeOf(`subject.${path.slice(prefix.length)}`) : undefined;
    if (inherited?.optional === false) return this.presence(delegationPath);
    return this.#declare(`presence ${path}`, 'Bool', { path, kind: 'presence' }, (name) =>
      inherited === undefined ? [] : [`(=> ${name} ${this.presence(delegationPath)})`],
    );
  }

  integer(path: string): string {
    if (path === 'data.complete') return `(ite ${this.failure('data')} 0 1)`;
    const [low, high] = boundsOf(path);
    return this.#declare(`integer ${path}`, 'Int', { path, kind: 'integer' }, (name) => [between(name, low, high)]);
  }

  /** The score of a class as classification found it, or as it remains after complete redaction. */
  score(name: string, residual: boolean): string {
    const symbol: Symbol = { path: `class(${name})`, kind: 'score', ...(residual ? { value: 'after redaction' } : {}) };
    return this.#declare(`score ${residual} ${name}`, 'Int', symbol, (variable) => [
      between(variable, 0, 1000),
      ...(residual ? [`(<= ${variable} ${this.score(name, false)})`] : []),
    ]);
  }

  #text(path: string): string {
    const texts = [...(this.#texts.get(path) ?? [])];
    const closed = attributeOf(path)?.values !== undefined;
    return this.#declare(`text ${path}`, 'Int', { path, kind: 'text', texts }, (name) => [
      between(name, closed ? 1 : 0, texts.length),
    ]);
  }

  #numberOf(path: string, value: string): number {
    return [...(this.#texts.get(path) ?? [])].indexOf(value) + 1;
  }

  #member(path: string, value: string | undefined, score: (name: string) => string): string {
    if (path === 'data.classes' && value !== undefined) return `(> ${score(value)} 0)`;
    const symbol: Symbol = { path, kind: 'member', value: value ?? '(anything else)' };
    return this.#declare(`member ${value === undefined} ${path} ${value ?? ''}`, 'Bool', symbol, () => []);
  }
}

function between(name: string, low: number, high: number): string {
  if (low === high) return `(= ${name} ${integer(low)})`;
  return all([
    ...(low > lowest ? [`(>= ${name} ${integer(low)})`] : []),
    ...(high < highest ? [`(<= ${name} ${integer(high)})`] : []),
  ]);
}

function boundsOf(path: string): readonly [number, number] {
  if (attributeOf(path)?.type === 'boolean') return [0, 1];
  if (path === 'time.minute') return [0, 1439];
  return path === 'endpoint.cost_class' ? [0, 9] : [lowest, highest];
}
