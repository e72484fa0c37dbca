import { type Result, err, ok } from '@writ/domain';
import type { DiagnosticCode } from './diagnostic.js';
import type { Comparison } from './expression.js';
import { type Token, tokenize } from './lexer.js';
import { policyLimits } from './limits.js';

export type Operand =
  | { readonly kind: 'path'; readonly path: string; readonly at: number }
  | { readonly kind: 'text'; readonly value: string; readonly at: number }
  | { readonly kind: 'number'; readonly value: string; readonly at: number }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly at: number }
  | { readonly kind: 'list'; readonly items: readonly Operand[]; readonly at: number }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Operand[]; readonly at: number };

export type Syntax =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Syntax[]; readonly at: number }
  | { readonly kind: 'not'; readonly item: Syntax; readonly at: number }
  | {
      readonly kind: 'compare';
      readonly left: Operand;
      readonly op: Comparison;
      readonly right: Operand;
      readonly at: number;
    }
  | { readonly kind: 'in'; readonly left: Operand; readonly right: Operand; readonly at: number }
  | { readonly kind: 'operand'; readonly operand: Operand; readonly at: number };

export interface SyntaxFault {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly at: number;
}

const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);

/** Thrown inside the parser only; `parseExpression` turns it into a value. */
class Fault extends Error {
  constructor(readonly fault: SyntaxFault) {
    super(fault.message);
  }
}

/** The grammar of the design: or, and, not, leaf. Depth is bounded, so no text can exhaust the stack. */
export function parseExpression(source: string): Result<Syntax, SyntaxFault> {
  const parser = new Parser(tokenize(source));
  try {
    return ok(parser.whole());
  } catch (fault) {
    if (fault instanceof Fault) return err(fault.fault);
    throw fault;
  }
}

class Parser {
  #next = 0;
  #depth = 0;
  constructor(readonly tokens: readonly Token[]) {}

  whole(): Syntax {
    const result = this.#or();
    if (this.#token().kind !== 'end') throw this.#expected("'&&', '||' or the end");
    return result;
  }

  #token(): Token {
    return this.tokens[this.#next] ?? { kind: 'end', text: 'the end of the expression', at: 0 };
  }

  #expected(what: string): Fault {
    const { kind, text, at } = this.#token();
    const found = kind === 'end' ? text : kind === 'text' ? `"${text.slice(0, 40)}"` : `'${text.slice(0, 40)}'`;
    const message =
      kind === 'bad' && (text === '"' || text === "'")
        ? 'this text is not closed, or has an unknown escape'
        : `expected ${what} but found ${found}`;
    return new Fault({ code: 'E_SYNTAX', message, at });
  }

  #takes(symbol: string): boolean {
    const token = this.#token();
    if (token.kind !== 'symbol' || token.text !== symbol) return false;
    this.#next += 1;
    return true;
  }

  #demand(symbol: string): void {
    if (!this.#takes(symbol)) throw this.#expected(`'${symbol}'`);
  }

  #deeper<T>(parse: () => T): T {
    this.#depth += 1;
    if (this.#depth > policyLimits.expressionDepth) {
      const message = `nested more than ${policyLimits.expressionDepth} deep`;
      throw new Fault({ code: 'E_DEPTH', message, at: this.#token().at });
    }
    const result = parse();
    this.#depth -= 1;
    return result;
  }

  #or(): Syntax {
    return this.#chain('or', '||', () => this.#chain('and', '&&', () => this.#not()));
  }

  #chain(kind: 'and' | 'or', symbol: string, part: () => Syntax): Syntax {
    const { at } = this.#token();
    const first = part();
    const items = [first];
    while (this.#takes(symbol)) items.push(part());
    return items.length === 1 ? first : { kind, items, at };
  }

  #not(): Syntax {
    const { at } = this.#token();
    if (this.#takes('!')) return { kind: 'not', item: this.#deeper(() => this.#not()), at };
    if (!this.#takes('(')) return this.#leaf();
    const inner = this.#deeper(() => this.#or());
    this.#demand(')');
    return inner;
  }

  #leaf(): Syntax {
    const left = this.#operand('a condition');
    const { kind, text, at } = this.#token();
    if (kind === 'symbol' && comparisons.has(text)) {
      this.#next += 1;
      return { kind: 'compare', left, op: text as Comparison, right: this.#operand('a literal'), at: left.at };
    }
    if (kind === 'name' && text === 'in') {
      this.#next += 1;
      return { kind: 'in', left, right: this.#operand('a list or a path'), at: left.at };
    }
    if (left.kind === 'text' || left.kind === 'number' || left.kind === 'list') throw this.#expected('a comparison');
    return { kind: 'operand', operand: left, at: at === left.at ? at : left.at };
  }

  #operand(what: string): Operand {
    const { kind, text, at } = this.#token();
    if (kind === 'text' || kind === 'number') {
      this.#next += 1;
      return { kind, value: text, at };
    }
    if (kind === 'name' && (text === 'true' || text === 'false')) {
      this.#next += 1;
      return { kind: 'boolean', value: text === 'true', at };
    }
    if (kind === 'name') return this.#pathOrCall();
    if (this.#takes('[')) return { kind: 'list', items: this.#items(']'), at };
    throw this.#expected(what);
  }

  #pathOrCall(): Operand {
    const { text, at } = this.#token();
    this.#next += 1;
    if (this.#takes('(')) return { kind: 'call', name: text, args: this.#items(')'), at };
    let path = text;
    while (this.#takes('.')) {
      const member = this.#token();
      if (member.kind !== 'name') throw this.#expected('a name');
      this.#next += 1;
      path += `.${member.text}`;
    }
    return { kind: 'path', path, at };
  }

  #items(close: string): readonly Operand[] {
    const items: Operand[] = [];
    if (this.#takes(close)) return items;
    do {
      if (items.length >= policyLimits.listItems) {
        const message = `a list may hold ${policyLimits.listItems} items`;
        throw new Fault({ code: 'E_LIMIT', message, at: this.#token().at });
      }
      items.push(this.#deeper(() => this.#operand('a literal')));
    } while (this.#takes(','));
    this.#demand(close);
    return items;
  }
}
