import type { Normal } from './expression.js';
import type { Invariant } from './invariants.js';
import { type Program, type Rule, answerIfUnknown } from './program.js';
import { SymbolicFacts, all, either, not } from './smt-facts.js';

/** A question for a solver: satisfiable means a counterexample, unsatisfiable means proved. */
export interface Question {
  readonly text: string;
  readonly symbols: SymbolicFacts['symbols'];
}

/** Is there a request, and an endpoint of any catalogue, that breaks the invariant? */
export function askInvariant(program: Program, { assume, never }: Invariant): Question {
  const facts = new SymbolicFacts();
  facts.learn(assume);
  facts.learn(never);
  learnProgram(facts, program);
  const body = new ProgramWriter(facts, program, 'p').write();
  const certain = (normal: Normal) => plain(facts, normal);
  return question(facts, body, [certain(assume), certain(never), 'p_authorized']);
}

/** Is there a request, and an endpoint, that the new version authorizes and the old one did not? */
export function askLoosening(before: Program, after: Program): Question {
  const facts = new SymbolicFacts();
  learnProgram(facts, before);
  learnProgram(facts, after);
  const body = [...new ProgramWriter(facts, before, 'old').write(), ...new ProgramWriter(facts, after, 'new').write()];
  return question(facts, body, ['new_authorized', not('old_authorized')]);
}

function question(facts: SymbolicFacts, body: readonly string[], asserted: readonly string[]): Question {
  const text = [...facts.declarations, ...body, ...asserted.map((part) => `(assert ${part})`)].join('\n');
  return { text, symbols: facts.symbols };
}

function learnProgram(facts: SymbolicFacts, { rules }: Program): void {
  for (const { when, endpoints } of rules) {
    facts.learn(when);
    if (endpoints !== undefined) facts.learn(endpoints);
  }
}

/** An assumption speaks of what is so, whether or not the gateway came to know it. */
function plain(facts: SymbolicFacts, normal: Normal): string {
  if (normal.kind === 'constant') return String(normal.value);
  if (normal.kind !== 'leaf') {
    const parts = normal.items.map((item) => plain(facts, item));
    return normal.kind === 'and' ? all(parts) : either(parts);
  }
  const relation = facts.relation(normal.leaf, (name) => facts.score(name, false));
  return normal.negated ? not(relation) : relation;
}

class ProgramWriter {
  readonly #lines: string[] = [];

  constructor(
    readonly facts: SymbolicFacts,
    readonly program: Program,
    readonly prefix: string,
  ) {}

  write(): readonly string[] {
    const { rules } = this.program;
    // Redactions first: rules that see what remains depend on them.
    for (const pass of [true, false]) {
      for (const [index, rule] of rules.entries()) {
        if ((rule.effect === 'redact') === pass) this.#define(`m${index}`, this.#truth(rule.when, rule));
      }
    }
    const granted: string[] = [];
    const denied: string[] = [];
    for (const [index, rule] of rules.entries()) {
      const endpoints = rule.endpoints === undefined ? 'true' : this.#truth(rule.endpoints, rule);
      const holds = [`${this.prefix}_m${index}`, endpoints];
      if (rule.effect === 'permit') granted.push(all(holds));
      if (rule.effect === 'deny' || rule.effect === 'restrict') denied.push(all([...holds, not(this.#isLifted(rule))]));
    }
    this.#define('authorized', all([either(granted), not(either(denied))]));
    return this.#lines;
  }

  #define(name: string, body: string): void {
    this.#lines.push(`(define-fun ${this.prefix}_${name} () Bool ${body})`);
  }

  #isLifted({ tags }: Rule): string {
    const lifting = this.program.rules.flatMap((rule, index) =>
      rule.overrides.some((tag) => tags.includes(tag)) ? [`${this.prefix}_m${index}`] : [],
    );
    return either(lifting);
  }

  #truth(normal: Normal, rule: Rule): string {
    if (normal.kind === 'constant') return String(normal.value);
    if (normal.kind !== 'leaf') {
      const parts = normal.items.map((item) => this.#truth(item, rule));
      return normal.kind === 'and' ? all(parts) : either(parts);
    }
    const relation = this.facts.relation(normal.leaf, (name) => this.#score(name, rule.residual));
    const answer = normal.negated ? not(relation) : relation;
    const ignorance = this.facts.ignorance(normal.leaf);
    return ignorance === 'false' ? answer : `(ite ${ignorance} ${answerIfUnknown(rule.effect)} ${answer})`;
  }

  #score(name: string, residual: boolean): string {
    const original = this.facts.score(name, false);
    if (!residual) return original;
    const redacting = this.program.rules.flatMap((rule, index) =>
      rule.effect === 'redact' && rule.endpoints === undefined && rule.redact?.classes.includes(name) === true
        ? [`${this.prefix}_m${index}`]
        : [],
    );
    return redacting.length === 0 ? original : `(ite ${either(redacting)} ${this.facts.score(name, true)} ${original})`;
  }
}
