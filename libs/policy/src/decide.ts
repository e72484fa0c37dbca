import type { Decision, Deny } from '@writ/domain';
import { unknownCauseOf } from './cause.js';
import { evaluate } from './engine.js';
import { concludedBefore, conclusionOf } from './conclusions.js';
import { type Evaluator, evaluateAll } from './evaluation.js';
import type { Facts, SubjectFacts } from './facts.js';
import { type DescribedFacts, factsHashOf } from './facts-hash.js';
import { policyLimits } from './limits.js';
import type { LinkedPolicy } from './link.js';

/** Total: whatever goes wrong inside is a deny with a code. Relinks nothing; a link past `validUntilMs` denies. */
export function decide(policy: LinkedPolicy, facts: Facts): Decision {
  return decideWith(byEngine, policy, facts);
}

/** The same for a caller that needs the text of the facts as well; by any evaluator, for whoever compares two. */
export function decideDescribed(
  policy: LinkedPolicy,
  { facts, hash }: DescribedFacts,
  evaluator: Evaluator = byEngine,
): Decision {
  return orDeny(policy, facts, hash, evaluator);
}

/** The compiled engine. */
export const byEngine: Evaluator = (layer, view, assume, outcome) => {
  evaluate(layer.linked, view, assume, outcome);
};

/** The same decision by any evaluator: the compiled engine, or the reference it is checked against. */
export function decideWith(evaluator: Evaluator, policy: LinkedPolicy, facts: Facts): Decision {
  return orDeny(policy, facts, factsHashOf(facts), evaluator);
}

/** Without the facts hash, which costs as much as the decision: for replays that compare and throw away. */
export function decideQuickly(policy: LinkedPolicy, facts: Facts): Decision {
  return orDeny(policy, facts, '', byEngine);
}

function orDeny(policy: LinkedPolicy, facts: Facts, factsHash: string, evaluator: Evaluator): Decision {
  try {
    return conclude(evaluator, policy, facts, factsHash);
  } catch {
    const reason =
      'The policy could not be evaluated, so nothing is permitted; the operators of this service can tell why.';
    return denial(policy, [], factsHash, 'policy-invalid', reason);
  }
}

function conclude(evaluator: Evaluator, policy: LinkedPolicy, facts: Facts, factsHash: string): Decision {
  const deny = (code: string, reason: string, matched: readonly string[] = []): Deny =>
    denial(policy, matched, factsHash, code, reason);
  if (!(facts.atMs >= policy.validFromMs && facts.atMs < policy.validUntilMs)) {
    return deny('link-expired', 'An assurance of an endpoint began or ended meanwhile; try again at once.');
  }
  const subjects = delegationOf(facts.subject);
  if (subjects === undefined) {
    return deny(
      'delegation-too-deep',
      `A delegation may have ${policyLimits.delegation} subjects; ask for a direct token.`,
    );
  }
  const { evaluations, authorized } = evaluateAll(evaluator, policy, facts, subjects, 'none');
  const { matched, authorizedEndpoints, obligations, cause } =
    evaluator === byEngine
      ? concludedBefore(policy, evaluations, authorized)
      : conclusionOf(policy, evaluations, authorized);
  if (obligations === undefined) {
    // What the rules say was written down before the working memory is used again.
    const because = unknownCauseOf(evaluator, policy, facts, subjects, evaluations) ?? cause;
    if (because === undefined) throw new Error('a denial has a cause');
    return deny(because.code, because.reason, matched);
  }
  if (obligations.redactions.length > 0) {
    if (facts.data === undefined) {
      const reason = 'The request could not be classified in full, so what the policy redacts cannot be found.';
      return deny('classification-incomplete', reason, matched);
    }
    const { spanless } = facts.data;
    const unredactable = obligations.redactions.find(({ class: name }) => spanless.includes(name));
    if (unredactable !== undefined) {
      const reason = `${unredactable.class} was found without its place, so it cannot be redacted (${unredactable.by.join(', ')}).`;
      return deny('unredactable-class', reason, matched);
    }
  }
  const { ref, catalogueHash } = policy;
  return { effect: 'permit', policy: ref, matched, factsHash, catalogueHash, authorizedEndpoints, obligations };
}

/** The caller, then the person it acts for, and so on; undefined when the chain is longer than the limit. */
export function delegationOf(subject: SubjectFacts): readonly SubjectFacts[] | undefined {
  if (subject.onBehalfOf === undefined) return [subject];
  const chain: SubjectFacts[] = [];
  for (let next: SubjectFacts | undefined = subject; next !== undefined; next = next.onBehalfOf) {
    if (chain.length === policyLimits.delegation) return undefined;
    chain.push(next);
  }
  return chain;
}

function denial(
  policy: LinkedPolicy,
  matched: readonly string[],
  factsHash: string,
  code: string,
  reason: string,
): Deny {
  return { effect: 'deny', policy: policy.ref, matched, factsHash, catalogueHash: policy.catalogueHash, code, reason };
}
