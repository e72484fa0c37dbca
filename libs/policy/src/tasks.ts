import { type Endpoint, type Result, err, ok } from '@writ/domain';
import { hashOf } from './canonical.js';
import type { Diagnostic } from './diagnostic.js';
import { type PolicyDiff, semanticDiff } from './diff.js';
import { readDocument } from './document.js';
import { explain } from './explain.js';
import type { Explanation } from './explanation.js';
import type { Facts } from './facts.js';
import { type PolicyImage, compile } from './image.js';
import { readInvariants } from './invariants.js';
import { link } from './link.js';
import { lint } from './lint.js';
import { type MutationReport, mutate } from './mutate.js';
import { type GateReport, gate } from './publish-gate.js';
import { type TestResult, runTests } from './run-tests.js';
import { type RecordedFacts, type SimulationReport, simulate } from './simulate.js';
import type { Ask, Proof } from './solver.js';
import { askInvariant, askLoosening } from './smt.js';

type Complained<T> = Result<T, readonly Diagnostic[]>;

/** What a workshop does on its threads: plain values in, plain values out, nothing kept in between. */
export interface Tasks {
  /** Every complaint, and the hashes of a document that compiles. */
  readonly lint: { readonly ask: { readonly source: string }; readonly answer: Linted };
  readonly test: {
    readonly ask: { readonly source: string; readonly platform?: string };
    readonly answer: Complained<Tested>;
  };
  /** The gate before publishing, but for proofs, replay and the second person. */
  readonly gate: {
    readonly ask: { readonly source: string; readonly inForce?: string; readonly sampled: readonly Facts[] };
    readonly answer: Complained<Gated>;
  };
  readonly diff: {
    readonly ask: { readonly before: string; readonly after: string };
    readonly answer: Complained<PolicyDiff>;
  };
  readonly simulate: {
    readonly ask: {
      readonly before: string;
      readonly after: string;
      readonly platform?: string;
      readonly endpoints: readonly Endpoint[];
      readonly records: readonly RecordedFacts[];
    };
    readonly answer: Complained<SimulationReport>;
  };
  readonly explain: {
    readonly ask: {
      readonly source: string;
      readonly version: number;
      readonly platform?: string;
      readonly endpoints: readonly Endpoint[];
      readonly facts: Facts;
    };
    readonly answer: Complained<Explanation>;
  };
  readonly invariants: { readonly ask: { readonly source: string }; readonly answer: Complained<readonly string[]> };
  /** One invariant, by its place in the document. */
  readonly prove: {
    readonly ask: { readonly source: string; readonly invariant: number };
    readonly answer: Complained<Proof>;
  };
  readonly proveNoLoosening: {
    readonly ask: { readonly before: string; readonly after: string };
    readonly answer: Complained<Proof>;
  };
}

export interface Linted {
  readonly diagnostics: readonly Diagnostic[];
  /** Absent when the document does not compile. */
  readonly hash?: string;
  readonly sourceHash: string;
}

export interface Tested {
  readonly results: readonly TestResult[];
  /** Absent while a test fails. */
  readonly mutation?: MutationReport;
}

export type Gated = GateReport & { readonly hash: string; readonly sourceHash: string };

export type TaskKind = keyof Tasks;

type Work = {
  readonly [K in TaskKind]: (ask: Tasks[K]['ask']) => Promise<Tasks[K]['answer']> | Tasks[K]['answer'];
};

/** `solver` is asked for only by tasks that prove: it is 35 MB of WebAssembly. */
export function workOf(solver: () => Promise<Ask>): Work {
  return {
    lint: ({ source }) => {
      const document = readDocument(source);
      const sourceHash = hashOf(source);
      return { diagnostics: lint(source), sourceHash, ...(document.ok ? { hash: document.value.hash } : {}) };
    },
    test: ({ source, platform }) => {
      const above = imageIn(platform);
      if (!above.ok) return above;
      const results = runTests(source, above.value);
      if (!results.ok) return results;
      if (results.value.some(({ passed }) => !passed)) return ok({ results: results.value });
      const mutation = mutate(source);
      return mutation.ok ? ok({ results: results.value, mutation: mutation.value }) : mutation;
    },
    gate: ({ source, inForce, sampled }) => {
      const gated = gate(source, inForce, sampled);
      if (!gated.ok) return gated;
      const { image, ...report } = gated.value;
      return ok({ ...report, hash: image.hash, sourceHash: hashOf(source) });
    },
    diff: ({ before, after }) => semanticDiff(before, after),
    simulate: ({ before, after, platform, endpoints, records }) => {
      const images = [compile(before, 0), compile(after, 0)] as const;
      const above = imageIn(platform);
      if (!images[0].ok) return images[0];
      if (!images[1].ok) return images[1];
      if (!above.ok) return above;
      const layers = { before: images[0].value, after: images[1].value, ...(above.value && { platform: above.value }) };
      return ok(simulate({ ...layers, endpoints, records }));
    },
    explain: ({ source, version, platform, endpoints, facts }) => {
      const image = compile(source, version);
      const above = imageIn(platform);
      if (!image.ok) return image;
      return above.ok ? ok(explain(link(image.value, endpoints, facts.atMs, above.value), facts)) : above;
    },
    ...proofs(solver),
  };
}

function proofs(solver: () => Promise<Ask>): Pick<Work, 'invariants' | 'prove' | 'proveNoLoosening'> {
  return {
    invariants: ({ source }) => {
      const found = invariantsOf(source);
      return found.ok ? ok(found.value.invariants.map(({ name }) => name)) : found;
    },
    prove: async ({ source, invariant }) => {
      const found = invariantsOf(source);
      if (!found.ok) return found;
      const { program, invariants } = found.value;
      const asked = invariants[invariant];
      if (asked === undefined) throw new RangeError('the document has no such invariant');
      const ask = await solver();
      return ok(await ask(askInvariant(program, asked)));
    },
    proveNoLoosening: async ({ before, after }) => {
      const old = readDocument(before);
      const fresh = readDocument(after);
      if (!old.ok) return err(old.error);
      if (!fresh.ok) return err(fresh.error);
      const ask = await solver();
      return ok(await ask(askLoosening(old.value.program, fresh.value.program)));
    },
  };
}

function imageIn(platform: string | undefined): Complained<PolicyImage | undefined> {
  return platform === undefined ? ok(undefined) : compile(platform, 1);
}

function invariantsOf(source: string) {
  const document = readDocument(source);
  if (!document.ok) return document;
  const invariants = readInvariants(document.value);
  return invariants.ok ? ok({ program: document.value.program, invariants: invariants.value }) : invariants;
}
