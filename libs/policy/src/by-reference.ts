import type { Evaluator } from './evaluation.js';
import type { LinkedPolicy } from './link.js';
import type { Program } from './program.js';
import { evaluateByReference } from './reference.js';

/** The evaluator that asks the specification instead of the compiled engine. */
export function byReference(
  programs: Readonly<Record<'tenant' | 'platform', Program>>,
  policy: LinkedPolicy,
): Evaluator {
  return (layer, view, assume, outcome) => {
    const found = evaluateByReference(programs[layer.name], policy.endpoints, policy.linkedAtMs, view, assume);
    for (const name of ['matched', 'lifted', 'permitted', 'authorized'] as const) {
      outcome[name].fill(0);
      outcome[name].set(found[name]);
    }
    outcome.inQuestion = found.inQuestion;
    outcome.sawUnknown = found.sawUnknown;
  };
}
