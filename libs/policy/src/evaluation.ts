import type { Facts, SubjectFacts } from './facts.js';
import { policyLimits } from './limits.js';
import type { LinkedPolicy } from './link.js';
import { type Outcome, anOutcome } from './outcome.js';
import type { Assumption, View } from './read-fact.js';

export type Layer = LinkedPolicy['layers'][number];

/** One layer for one subject. */
export interface Evaluation {
  readonly layer: Layer;
  readonly subject: SubjectFacts;
  readonly outcome: Outcome;
}

/** Fills `outcome`. */
export type Evaluator = (layer: Layer, view: View, assume: Assumption, outcome: Outcome) => void;

/** Reused, by width of the catalogue: a decision never waits, and what it keeps it copies. */
const working = new Map<number, readonly Outcome[]>();

function workingOutcomes(endpointWords: number): readonly Outcome[] {
  let outcomes = working.get(endpointWords);
  if (outcomes === undefined) {
    outcomes = Array.from({ length: 2 * policyLimits.delegation }, () => anOutcome(endpointWords));
    working.set(endpointWords, outcomes);
  }
  return outcomes;
}

/** Every layer for every subject, and the endpoints that all of them authorize, written to `into` where one is given. */
export function evaluateAll(
  evaluator: Evaluator,
  policy: LinkedPolicy,
  facts: Facts,
  subjects: readonly SubjectFacts[],
  assume: Assumption,
  into?: Int32Array,
): { readonly evaluations: readonly Evaluation[]; readonly authorized: Int32Array } {
  const endpointWords = (policy.endpoints.length + 31) >> 5;
  const outcomes = workingOutcomes(endpointWords);
  const authorized = (into ?? new Int32Array(endpointWords)).fill(-1);
  const evaluations: Evaluation[] = [];
  for (const layer of policy.layers) {
    for (const subject of subjects) {
      const outcome = outcomes[evaluations.length];
      if (outcome === undefined) throw new RangeError('more evaluations than layers and subjects allow');
      evaluator(layer, { facts, subject, timezone: layer.linked.reader.timezone }, assume, outcome);
      for (let index = 0; index < endpointWords; index += 1) {
        authorized[index] = (authorized[index] ?? 0) & (outcome.authorized[index] ?? 0);
      }
      evaluations.push({ layer, subject, outcome });
    }
  }
  return { evaluations, authorized };
}

/** How decisions name a rule: the platform's own with its layer in front. */
export function ruleName({ name, linked }: Layer, rule: number): string {
  return name === 'platform' ? `platform/${linked.reader.id(rule)}` : linked.reader.id(rule);
}
