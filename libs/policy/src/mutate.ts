import { type Result, ok } from '@writ/domain';
import type { Diagnostic } from './diagnostic.js';
import { type PolicyDocument, readDocument } from './document.js';
import type { Normal } from './expression.js';
import { imageOf } from './image.js';
import type { Program, Rule } from './program.js';
import { type TestSuite, readSuite, runSuite } from './run-tests.js';

export interface Mutant {
  readonly rule: string;
  readonly mutation: 'removed' | 'always' | 'everywhere';
}

export interface MutationReport {
  readonly mutants: number;
  /** Changes that no stored test noticed: each is a rule that the tests do not protect. */
  readonly survivors: readonly Mutant[];
}

/** Breaks each rule in turn and runs the stored tests: some test must fail, or the rule is untested. */
export function mutate(source: string): Result<MutationReport, readonly Diagnostic[]> {
  const document = readDocument(source);
  if (!document.ok) return document;
  const suite = readSuite(document.value);
  return suite.ok ? ok(mutateWith(document.value, suite.value)) : suite;
}

function mutateWith(document: PolicyDocument, suite: TestSuite): MutationReport {
  const { program } = document;
  const survivors: Mutant[] = [];
  let mutants = 0;
  for (const [index, rule] of program.rules.entries()) {
    for (const { mutation, mutated } of mutationsOf(rule)) {
      mutants += 1;
      const rules = program.rules.flatMap((other, place) => (place === index ? mutated : [other]));
      if (survives(document, { ...program, rules }, suite)) survivors.push({ rule: rule.id, mutation });
    }
  }
  return { mutants, survivors };
}

const always: Normal = { kind: 'constant', value: true };

function mutationsOf(
  rule: Rule,
): readonly { readonly mutation: Mutant['mutation']; readonly mutated: readonly Rule[] }[] {
  const { endpoints, ...rest } = rule;
  return [
    { mutation: 'removed', mutated: [] },
    ...(rule.when.kind === 'constant' ? [] : [{ mutation: 'always' as const, mutated: [{ ...rule, when: always }] }]),
    ...(endpoints === undefined || endpoints.kind === 'constant'
      ? []
      : [{ mutation: 'everywhere' as const, mutated: [rest] }]),
  ];
}

function survives(document: PolicyDocument, program: Program, suite: TestSuite): boolean {
  return runSuite(imageOf({ ...document, program }, 0), suite).every(({ passed }) => passed);
}
