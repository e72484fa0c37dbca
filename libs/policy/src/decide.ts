import type { Decision, Deny, EndpointId } from '@writ/domain';
import { causeOf } from './cause.js';
import { evaluate } from './engine.js';
import { type Evaluation, type Evaluator, evaluateAll, ruleName } from './evaluation.js';
import type { Facts, SubjectFacts } from './facts.js';
import { factsHashOf } from './facts-hash.js';
import { policyLimits } from './limits.js';
import type { LinkedPolicy } from './link.js';
import { type Asked, mergeObligations } from './obligations.js';
import { hasBit, isEmpty } from './outcome.js';

const engine = 'wpl/1.0';

/** Total: whatever goes wrong inside is a deny with a code. Relinks nothing; a link past `validUntilMs` denies. */
export function decide(policy: LinkedPolicy, facts: Facts): Decision {
  return decideWith(byEngine, policy, facts);
}

const byEngine: Evaluator = (layer, view, assume, outcome) => {
  evaluate(layer.linked, view, assume, outcome);
};

/** The same decision by any evaluator: the compiled engine, or the reference it is checked against. */
export function decideWith(evaluator: Evaluator, policy: LinkedPolicy, facts: Facts): Decision {
  try {
    return conclude(evaluator, policy, facts);
  } catch {
    const reason =
      'The policy could not be evaluated, so nothing is permitted; the operators of this service can tell why.';
    return denial(policy, [], '', 'policy-invalid', reason);
  }
}

function conclude(evaluator: Evaluator, policy: LinkedPolicy, facts: Facts): Decision {
  const factsHash = factsHashOf(facts);
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
  const matched = matchedNames(evaluations);
  if (isEmpty(authorized, authorized.length)) {
    const { code, reason } = causeOf(evaluator, policy, facts, subjects);
    return deny(code, reason, matched);
  }
  const obligations = mergeObligations(askedBy(evaluations, authorized));
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
  const authorizedEndpoints: EndpointId[] = [];
  for (const [index, { id }] of policy.endpoints.entries()) if (hasBit(authorized, index)) authorizedEndpoints.push(id);
  return { effect: 'permit', ...about(policy, matched, factsHash), authorizedEndpoints, obligations };
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

/** In document order, the platform's rules first; a rule that matched for any subject of a delegation counts. */
function matchedNames(evaluations: readonly Evaluation[]): readonly string[] {
  const names: string[] = [];
  for (const [index, { layer }] of evaluations.entries()) {
    if (evaluations.findIndex((other) => other.layer === layer) !== index) continue;
    const ofLayer = evaluations.filter((other) => other.layer === layer);
    const { rules } = layer.linked.reader;
    for (let rule = 0; rule < rules; rule += 1) {
      if (ofLayer.some(({ outcome }) => hasBit(outcome.matched, rule))) names.push(ruleName(layer, rule));
    }
  }
  return names;
}

/** Redactions count when any endpoint in question stayed authorized: the router may choose that one. */
function askedBy(evaluations: readonly Evaluation[], authorized: Int32Array): readonly Asked[] {
  const asked: Asked[] = [];
  for (const { layer, outcome } of evaluations) {
    const { reader } = layer.linked;
    for (let rule = 0; rule < reader.rules; rule += 1) {
      if (!hasBit(outcome.matched, rule) || !reader.isAsking(rule)) continue;
      const { redact, oblige } = reader.asks(rule);
      const inQuestion = outcome.inQuestion?.get(rule);
      const concerned =
        inQuestion === undefined || authorized.some((bits, index) => (bits & (inQuestion[index] ?? 0)) !== 0);
      asked.push({
        rule: ruleName(layer, rule),
        ...(redact !== undefined && concerned ? { redact } : {}),
        ...(oblige === undefined ? {} : { oblige }),
      });
    }
  }
  return asked;
}

function denial(
  policy: LinkedPolicy,
  matched: readonly string[],
  factsHash: string,
  code: string,
  reason: string,
): Deny {
  return { effect: 'deny', ...about(policy, matched, factsHash), code, reason };
}

function about({ image, platform, catalogueHash }: LinkedPolicy, matched: readonly string[], factsHash: string) {
  const { name, version, hash } = image;
  const above = platform === undefined ? '' : ` under ${platform.name}@${platform.version} ${platform.hash}`;
  return { policy: { name, version, hash, engine: `${engine}${above}` }, matched, factsHash, catalogueHash };
}
