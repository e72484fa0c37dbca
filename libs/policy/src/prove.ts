import { type Result, err, ok } from '@writ/domain';
import { init, killThreads } from 'z3-solver';
import type { Diagnostic } from './diagnostic.js';
import { readDocument } from './document.js';
import { readInvariants } from './invariants.js';
import { type Question, askInvariant, askLoosening } from './smt.js';

/** One request and endpoint that break an invariant: fact by fact, in the words of the policy. */
export type Witness = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export type Proof =
  | { readonly verdict: 'proved' }
  | { readonly verdict: 'broken'; readonly witness: Witness }
  /** The solver gave up within its limit of work; publishing treats it as not proved. */
  | { readonly verdict: 'undecided' };

export interface ProofOfInvariant {
  readonly name: string;
  readonly proof: Proof;
}

/** Proves invariants in a process of its own choosing: it starts threads and takes tens of megabytes. */
export interface Prover {
  prove(source: string): Promise<Result<readonly ProofOfInvariant[], readonly Diagnostic[]>>;
  /** `proved` means that the new version authorizes nothing that the old one did not. */
  proveNoLoosening(before: string, after: string): Promise<Result<Proof, readonly Diagnostic[]>>;
  /** Resolves when the solver's threads have ended; until then they keep the process alive. */
  close(): Promise<void>;
}

/** In the solver's own unit of work, so that a verdict does not depend on the machine; and no timer thread is started. */
const workLimit = 200_000_000;

export async function startProver(): Promise<Prover> {
  const z3 = await init();
  const { Solver } = z3.Context('writ');
  const ask = async ({ text, symbols }: Question): Promise<Proof> => {
    const solver = new Solver();
    solver.set('rlimit', workLimit);
    solver.fromString(text);
    const answer = await solver.check();
    if (answer === 'unsat') return { verdict: 'proved' };
    if (answer === 'unknown') return { verdict: 'undecided' };
    return { verdict: 'broken', witness: witnessOf(solver.model().sexpr(), symbols) };
  };
  return {
    prove: async (source) => {
      const document = readDocument(source);
      if (!document.ok) return document;
      const invariants = readInvariants(document.value);
      if (!invariants.ok) return invariants;
      const proofs: ProofOfInvariant[] = [];
      for (const invariant of invariants.value) {
        proofs.push({ name: invariant.name, proof: await ask(askInvariant(document.value.program, invariant)) });
      }
      return ok(proofs);
    },
    proveNoLoosening: async (before, after) => {
      const old = readDocument(before);
      const fresh = readDocument(after);
      if (!old.ok) return err(old.error);
      if (!fresh.ok) return err(fresh.error);
      return ok(await ask(askLoosening(old.value.program, fresh.value.program)));
    },
    close: async () => {
      await killThreads(z3.em);
    },
  };
}

/** Reads `(define-fun x3 () Int (- 5))` lines of the model. */
function witnessOf(model: string, symbols: Question['symbols']): Witness {
  const witness: Record<string, string | number | boolean | readonly string[]> = {};
  const lists = new Map<string, string[]>();
  for (const [, name = '', value = ''] of model.matchAll(
    /\(define-fun (x\d+) \(\) (?:Bool|Int)\s+(\(- \d+\)|[a-z0-9]+)\)/g,
  )) {
    const symbol = symbols.get(name);
    if (symbol === undefined) continue;
    const number = value.startsWith('(') ? -Number(value.slice(3, -1)) : Number(value);
    switch (symbol.kind) {
      case 'text':
        witness[symbol.path] = symbol.texts?.[number - 1] ?? '(anything else)';
        break;
      case 'member':
        if (value === 'true') lists.set(symbol.path, [...(lists.get(symbol.path) ?? []), symbol.value ?? '']);
        else if (!lists.has(symbol.path)) lists.set(symbol.path, []);
        break;
      case 'integer':
        witness[symbol.path] = number;
        break;
      case 'score':
        witness[symbol.value === undefined ? symbol.path : `${symbol.path} ${symbol.value}`] = number / 1000;
        break;
      case 'presence':
        witness[`has(${symbol.path})`] = value === 'true';
        break;
      case 'failure':
        if (value === 'true') witness[`${symbol.path} unavailable`] = true;
        break;
      default:
        break;
    }
  }
  for (const [path, values] of lists) witness[path] = values;
  return witness;
}
