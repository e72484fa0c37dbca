import type { Question } from './smt.js';

/** One request and endpoint that break an invariant: fact by fact, in the words of the policy. */
export type Witness = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export type Proof =
  | { readonly verdict: 'proved' }
  | { readonly verdict: 'broken'; readonly witness: Witness }
  /** The solver gave up within its limit of work; publishing treats it as not proved. */
  | { readonly verdict: 'undecided' };

/** The solver, in the thread that loaded it. It keeps threads and timers of its own: only a thread that is ended loads it. */
export type Ask = (question: Question) => Promise<Proof>;

/** In the solver's own unit of work, so that a verdict does not depend on the machine. */
const workLimit = 200_000_000;
/** Of the solver's own memory; beyond it the proof is undecided. */
const memoryMegabytes = 768;

export async function startSolver(): Promise<Ask> {
  // 35 MB of WebAssembly: loaded by the threads that prove, and by no other.
  const { init } = await import('z3-solver');
  const z3 = await init();
  z3.setParam('memory_max_size', memoryMegabytes);
  const { Solver } = z3.Context('writ');
  return async ({ text, symbols }) => {
    const solver = new Solver();
    solver.set('rlimit', workLimit);
    solver.fromString(text);
    const answer = await solver.check();
    if (answer === 'unsat') return { verdict: 'proved' };
    if (answer === 'unknown') return { verdict: 'undecided' };
    return { verdict: 'broken', witness: witnessOf(solver.model().sexpr(), symbols) };
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
