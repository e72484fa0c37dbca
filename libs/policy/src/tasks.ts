import { type Result, err, ok } from '@writ/domain';
import type { Diagnostic } from './diagnostic.js';
import { readDocument } from './document.js';
import { readInvariants } from './invariants.js';
import type { Ask, Proof } from './solver.js';
import { askInvariant, askLoosening } from './smt.js';

type Complained<T> = Result<T, readonly Diagnostic[]>;

/** What a workshop does on its threads: plain values in, plain values out, nothing kept in between. */
export interface Tasks {
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

export type TaskKind = keyof Tasks;

type Work = { readonly [K in TaskKind]: (ask: Tasks[K]['ask']) => Promise<Tasks[K]['answer']> };

/** `solver` is asked for only by tasks that prove: it is 35 MB of WebAssembly. */
export function workOf(solver: () => Promise<Ask>): Work {
  return {
    invariants: async ({ source }) => {
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

function invariantsOf(source: string) {
  const document = readDocument(source);
  if (!document.ok) return document;
  const invariants = readInvariants(document.value);
  return invariants.ok ? ok({ program: document.value.program, invariants: invariants.value }) : invariants;
}
