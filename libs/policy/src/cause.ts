import { type Evaluation, type Evaluator, evaluateAll, ruleName } from './evaluation.js';
import type { Facts, SubjectFacts } from './facts.js';
import type { LinkedPolicy } from './link.js';
import { hasBit, indexesOf, isEmpty } from './outcome.js';
import type { Assumption } from './read-fact.js';

export interface Cause {
  readonly code: string;
  readonly reason: string;
}

/**
 * The unknown fact that a denial is due to: its best value would have permitted. Undefined when none is. While every fact
 * that was read is known this is not asked, since no better value of one could have permitted.
 */
export function unknownCauseOf(
  evaluator: Evaluator,
  policy: LinkedPolicy,
  facts: Facts,
  subjects: readonly SubjectFacts[],
  evaluations: readonly Evaluation[],
): Cause | undefined {
  if (evaluations.every(({ outcome }) => !outcome.sawUnknown)) return undefined;
  const wouldPermit = (assume: Assumption) => {
    const { authorized } = evaluateAll(evaluator, policy, facts, subjects, assume);
    return !isEmpty(authorized, authorized.length);
  };
  if (facts.data === undefined && wouldPermit('classification')) {
    const reason = 'The request could not be classified in full, and the policy denies what was not classified.';
    return { code: 'classification-incomplete', reason };
  }
  if (wouldPermit('everything')) {
    const reason = 'A fact that the policy needs could not be fetched in time; try again, or ask the administrators.';
    return { code: 'fact-unavailable', reason };
  }
  return undefined;
}

/** Why nothing is authorized, and who can mend it, as far as the rules say. */
export function causeByRules(evaluations: readonly Evaluation[]): Cause {
  for (const evaluation of evaluations) {
    const cause = causeWithin(evaluation);
    if (cause !== undefined) return cause;
  }
  const reason = 'Each rule leaves an endpoint, but none satisfies all of them; the policy administrators can explain.';
  return { code: 'no-authorized-endpoint', reason };
}

function causeWithin({ layer, outcome }: Evaluation): Cause | undefined {
  if (!isEmpty(outcome.authorized, outcome.authorized.length)) return undefined;
  const { reader } = layer.linked;
  const standing = indexesOf(outcome.matched).filter((rule) => !hasBit(outcome.lifted, rule));
  if (!standing.some((rule) => reader.effect(rule) === 'permit')) {
    return { code: 'no-permit', reason: 'No rule of the policy permits this; its administrators can add one.' };
  }
  const denying = standing.find((rule) => reader.effect(rule) === 'deny' && reader.expression(rule) === -1);
  if (denying !== undefined) {
    return { code: 'denied-by-rule', reason: `${reader.reason(denying)} (rule ${ruleName(layer, denying)})`.trim() };
  }
  const names = standing
    .filter((rule) => reader.effect(rule) === 'deny' || reader.effect(rule) === 'restrict')
    .map((rule) => ruleName(layer, rule));
  const reason = `No endpoint satisfies the rules that apply (${names.join(', ')}); the policy administrators can explain.`;
  return { code: 'no-authorized-endpoint', reason };
}
