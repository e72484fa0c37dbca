import type { Decision, EndpointId } from '@writ/domain';
import { byEngine, decide, delegationOf } from './decide.js';
import { type Evaluation, evaluateAll } from './evaluation.js';
import type { Explanation } from './explanation.js';
import type { Facts } from './facts.js';
import type { LinkedPolicy } from './link.js';
import { indexesOf } from './outcome.js';
import { type Barrier, Told } from './told.js';
import { unknownIn } from './unknown-facts.js';

/** The full form: decides again, which is exact because facts and policy are frozen, and writes down why. */
export function explain(policy: LinkedPolicy, facts: Facts): Explanation {
  const decision = decide(policy, facts);
  const subjects = delegationOf(facts.subject) ?? [];
  const { evaluations, authorized } = evaluateAll(byEngine, policy, facts, subjects, 'none');
  const told = evaluations.map((evaluation) => new Told(evaluation, facts));
  const permitted = permittedByAll(evaluations, authorized.length);
  const outside =
    decision.effect === 'permit' ? permitted.map((bits, block) => bits & ~(authorized[block] ?? 0)) : permitted;
  const several = subjects.length > 1;
  return {
    ...verdictOf(decision),
    authorized: decision.effect === 'permit' ? decision.authorizedEndpoints : [],
    permitted: namesOf(policy, permitted),
    excluded: excludedFrom(
      policy,
      outside,
      told.flatMap((one) => one.barriers()),
    ),
    matched: told.flatMap((one) => one.matched(several)),
    overridden: told.flatMap((one) => one.overridden()),
    unknown: unknownIn(told),
    nearMisses: decision.effect === 'permit' ? [] : told.flatMap((one) => one.nearMisses()).slice(0, 5),
    obligations: told.flatMap((one) => one.obligations()),
  };
}

function permittedByAll(evaluations: readonly Evaluation[], words: number): Int32Array {
  const bits = new Int32Array(words).fill(evaluations.length > 0 ? -1 : 0);
  for (const { outcome } of evaluations)
    for (let block = 0; block < words; block += 1) bits[block] = (bits[block] ?? 0) & (outcome.permitted[block] ?? 0);
  return bits;
}

function namesOf(policy: LinkedPolicy, bits: Int32Array): readonly EndpointId[] {
  const names: EndpointId[] = [];
  for (const index of indexesOf(bits)) {
    const endpoint = policy.endpoints[index];
    if (endpoint !== undefined) names.push(endpoint.id);
  }
  return names;
}

function verdictOf(decision: Decision) {
  const { policy, factsHash, catalogueHash } = decision;
  const redactions = decision.effect === 'permit' ? decision.obligations.redactions : [];
  return {
    decision:
      decision.effect === 'deny'
        ? ('deny' as const)
        : redactions.length > 0
          ? ('redact' as const)
          : ('permit' as const),
    code: decision.effect === 'deny' ? decision.code : 'OK',
    ...(decision.effect === 'deny' ? { reason: decision.reason } : {}),
    policy,
    factsHash,
    catalogueHash,
    redactions: Object.fromEntries(redactions.map(({ class: name, style, by }) => [name, { style, by }])),
  };
}

/** Each endpoint that was permitted and left out, with the rules that keep it out; those kept out by the same share a list. */
function excludedFrom(
  policy: LinkedPolicy,
  outside: Int32Array,
  barriers: readonly Barrier[],
): Explanation['excluded'] {
  const excluded: { readonly endpoint: EndpointId; readonly by: readonly string[] }[] = [];
  const shared = new Map<number, readonly string[]>();
  for (const index of indexesOf(outside)) {
    const endpoint = policy.endpoints[index]?.id;
    if (endpoint === undefined) continue;
    let mask = 0;
    for (let one = 0; one < barriers.length; one += 1) mask |= isKeptOut(barriers[one], index) << (one & 31);
    let by = barriers.length > 32 ? undefined : shared.get(mask);
    if (by === undefined) {
      by = [...new Set(barriers.filter((barrier) => isKeptOut(barrier, index) === 1).map(({ rule }) => rule))];
      shared.set(mask, by);
    }
    if (by.length > 0) excluded.push({ endpoint, by });
  }
  return excluded;
}

function isKeptOut(barrier: Barrier | undefined, index: number): number {
  return ((barrier?.endpoints[index >> 5] ?? 0) >>> (index & 31)) & 1;
}
