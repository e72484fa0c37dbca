import { type Result, ok } from '@writ/domain';
import { byReference } from './by-reference.js';
import { canonicalJson } from './canonical.js';
import { decide, decideWith } from './decide.js';
import type { Diagnostic } from './diagnostic.js';
import { type Change, semanticDiff } from './diff.js';
import { type PolicyDocument, readDocument } from './document.js';
import type { Facts } from './facts.js';
import { type PolicyImage, imageOf } from './image.js';
import { lint } from './lint.js';
import { type LinkedPolicy, link } from './link.js';
import { type Mutant, mutate } from './mutate.js';
import { type TestResult, readSuite, runSuite } from './run-tests.js';

/** What a version must have before a person may approve it; proofs and simulation are added by the worker. */
export interface GateReport {
  readonly diagnostics: readonly Diagnostic[];
  readonly failedTests: readonly TestResult[];
  /** Rules that no stored test protects. */
  readonly survivors: readonly Mutant[];
  /** What the approver must tick one by one. */
  readonly loosenings: readonly Change[];
  /** Requests on which compiled engine and specification differ: always empty, or nothing is published. */
  readonly disagreements: number;
  readonly passed: boolean;
}

/** The checks of publishing that need nobody and no solver, in their order. `sampled` are facts of past requests. */
export function gate(
  source: string,
  inForce: string | undefined,
  sampled: readonly Facts[] = [],
): Result<GateReport & { readonly image: PolicyImage }, readonly Diagnostic[]> {
  const document = readDocument(source);
  if (!document.ok) return document;
  const suite = readSuite(document.value);
  if (!suite.ok) return suite;
  const image = imageOf(document.value, 0);
  const diagnostics = lint(source);
  const failedTests = runSuite(image, suite.value).filter(({ passed }) => !passed);
  const mutants = failedTests.length > 0 ? undefined : mutate(source);
  const survivors = mutants?.ok === true ? mutants.value.survivors : [];
  const diff = inForce === undefined ? undefined : semanticDiff(inForce, source);
  if (diff?.ok === false) return diff;
  const facts = [...suite.value.tests.map((test) => test.facts), ...sampled];
  const disagreements = facts.filter((one) => {
    const linked = link(image, suite.value.endpoints, one.atMs);
    return !enginesAgree(document.value, linked, one);
  }).length;
  const hasErrors = diagnostics.some(({ severity }) => severity === 'error');
  return ok({
    image,
    diagnostics,
    failedTests,
    survivors,
    loosenings: diff?.value.loosenings ?? [],
    disagreements,
    passed: !hasErrors && failedTests.length === 0 && disagreements === 0,
  });
}

/** True when the compiled engine and the reference interpreter decide alike, to the last obligation. */
export function enginesAgree(document: PolicyDocument, linked: LinkedPolicy, facts: Facts): boolean {
  const reference = byReference({ tenant: document.program, platform: document.program }, linked);
  return canonicalJson(decide(linked, facts)) === canonicalJson(decideWith(reference, linked, facts));
}
