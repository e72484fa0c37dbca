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

/** What `evaluateAll` found: working memory, good until it is called again for a catalogue of the same width. */
export interface Evaluated {
  readonly evaluations: readonly Evaluation[];
  /** The endpoints that every layer authorizes for every subject. */
  readonly authorized: Int32Array;
}

interface Working extends Evaluated {
  readonly evaluations: { layer: Layer; subject: SubjectFacts; outcome: Outcome }[];
  readonly outcomes: readonly Outcome[];
}

/** Reused, by width of the catalogue: a decision never waits, and what it keeps it copies. */
const workings: (Working | undefined)[] = [];

function workingFor(endpointWords: number): Working {
  return (workings[endpointWords] ??= {
    evaluations: [],
    authorized: new Int32Array(endpointWords),
    outcomes: Array.from({ length: 2 * policyLimits.delegation }, () => anOutcome(endpointWords)),
  });
}

/** Every layer for every subject, and the endpoints that all of them authorize. Allocates next to nothing. */
export function evaluateAll(
  evaluator: Evaluator,
  policy: LinkedPolicy,
  facts: Facts,
  subjects: readonly SubjectFacts[],
  assume: Assumption,
): Evaluated {
  const endpointWords = (policy.endpoints.length + 31) >> 5;
  const working = workingFor(endpointWords);
  const { evaluations, authorized, outcomes } = working;
  const { layers } = policy;
  evaluations.length = layers.length * subjects.length;
  authorized.fill(-1);
  let next = 0;
  for (const layer of layers) {
    for (const subject of subjects) {
      const outcome = outcomes[next];
      if (outcome === undefined) throw new RangeError('more evaluations than layers and subjects allow');
      evaluator(layer, { facts, subject, timezone: layer.linked.reader.timezone }, assume, outcome);
      for (let index = 0; index < endpointWords; index += 1) {
        authorized[index] = (authorized[index] ?? 0) & (outcome.authorized[index] ?? 0);
      }
      const evaluation = evaluations[next];
      if (evaluation === undefined) evaluations[next] = { layer, subject, outcome };
      else {
        evaluation.layer = layer;
        evaluation.subject = subject;
      }
      next += 1;
    }
  }
  return working;
}

/** How decisions name a rule: the platform's own with its layer in front. */
export function ruleName({ name, linked }: Layer, rule: number): string {
  return name === 'platform' ? `platform/${linked.reader.id(rule)}` : linked.reader.id(rule);
}
