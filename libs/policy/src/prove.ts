import { type Result, err, ok } from '@writ/domain';
import type { Diagnostic } from './diagnostic.js';
import { policyLimits } from './limits.js';
import type { Proof } from './solver.js';
import { Workshop } from './workshop.js';

export { type Compiler, startCompiler } from './compiler.js';
export type { Proof, Witness } from './solver.js';
export type { Gated, Linted, RecordedText, TaskKind, Tasks, Tested } from './tasks.js';
export { Workshop, type WorkshopRefusal } from './workshop.js';

export interface ProofOfInvariant {
  readonly name: string;
  readonly proof: Proof;
}

/** Proves on a thread of its own, which is ended at the deadline of a question: that one is then undecided. */
export interface Prover {
  /** An error is a document that cannot be read. */
  prove(source: string): Promise<Result<readonly ProofOfInvariant[], readonly Diagnostic[]>>;
  /** `proved` means that the new version authorizes nothing that the old one did not. */
  proveNoLoosening(before: string, after: string): Promise<Result<Proof, readonly Diagnostic[]>>;
  /** Resolves when the thread has ended; whatever the solver left in it ends with it. */
  close(): Promise<void>;
}

/** `deadlineMs` bounds one question, beside the solver's own limit of work. */
export function startProver(deadlineMs: number = policyLimits.proofMs): Prover {
  const workshop = new Workshop({ threads: 1 });
  return { ...proverOn(workshop, 'prover', deadlineMs), close: () => workshop.close() };
}

/** Asks an open workshop, in the name of `owner`. */
export function proverOn(workshop: Workshop, owner: string, deadlineMs: number): Omit<Prover, 'close'> {
  const undecided: Proof = { verdict: 'undecided' };
  return {
    prove: async (source) => {
      const names = await workshop.perform(owner, 'invariants', { source }, deadlineMs);
      if (!names.ok) return err([notRead(names.error)]);
      if (!names.value.ok) return names.value;
      const proofs: ProofOfInvariant[] = [];
      for (const [invariant, name] of names.value.value.entries()) {
        const proof = await workshop.perform(owner, 'prove', { source, invariant }, deadlineMs);
        if (proof.ok && !proof.value.ok) return proof.value;
        proofs.push({ name, proof: proof.ok && proof.value.ok ? proof.value.value : undecided });
      }
      return ok(proofs);
    },
    proveNoLoosening: async (before, after) => {
      const proof = await workshop.perform(owner, 'proveNoLoosening', { before, after }, deadlineMs);
      return proof.ok ? proof.value : ok(undecided);
    },
  };
}

/** Of the document as a whole, hence at its start. */
function notRead(because: string): Diagnostic {
  const message = `the document could not be read in time (${because}); make it smaller, or try again`;
  return { severity: 'error', code: 'E_LIMIT', message, line: 1, column: 1 };
}
