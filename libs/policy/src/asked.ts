import type { Obligations } from '@writ/domain';
import { type Evaluation, ruleName } from './evaluation.js';
import type { LinkedPolicy } from './link.js';
import { type Asked, mergeObligations } from './obligations.js';
import { indexesOf } from './outcome.js';

const remembered = 256;
const merged = new WeakMap<LinkedPolicy, Map<string, Obligations>>();

/** What all matching rules ask for together. The same rules always ask for the same, so each mixture is merged once. */
export function obligationsOf(
  policy: LinkedPolicy,
  evaluations: readonly Evaluation[],
  authorized: Int32Array,
): Obligations {
  let known = merged.get(policy);
  if (known === undefined) {
    known = new Map();
    merged.set(policy, known);
  }
  let key = '';
  for (const evaluation of evaluations) key += keyOf(evaluation, authorized);
  let obligations = known.get(key);
  if (obligations === undefined) {
    obligations = Object.freeze(mergeObligations(evaluations.flatMap((evaluation) => askedIn(evaluation, authorized))));
    if (known.size >= remembered) known.clear();
    known.set(key, obligations);
  }
  return obligations;
}

/** Which asking rules matched, as words of bits, and which of their redactions concern nobody. */
function keyOf({ layer, outcome }: Evaluation, authorized: Int32Array): string {
  const { asking } = layer.linked.reader;
  let key = '';
  for (let block = 0; block < asking.length; block += 1)
    key += `${(outcome.matched[block] ?? 0) & (asking[block] ?? 0)},`;
  for (const [rule, inQuestion] of outcome.inQuestion ?? []) {
    if (!isConcerned(inQuestion, authorized)) key += `!${rule}`;
  }
  return `${key};`;
}

/** Redactions count when any endpoint in question stayed authorized: the router may choose that one. */
function isConcerned(inQuestion: Int32Array | undefined, authorized: Int32Array): boolean {
  return inQuestion === undefined || authorized.some((bits, block) => (bits & (inQuestion[block] ?? 0)) !== 0);
}

function askedIn({ layer, outcome }: Evaluation, authorized: Int32Array): readonly Asked[] {
  const { reader } = layer.linked;
  return indexesOf(outcome.matched)
    .filter((rule) => reader.isAsking(rule))
    .map((rule) => {
      const { redact, oblige } = reader.asks(rule);
      const concerned = isConcerned(outcome.inQuestion?.get(rule), authorized);
      return {
        rule: ruleName(layer, rule),
        ...(redact !== undefined && concerned ? { redact } : {}),
        ...(oblige === undefined ? {} : { oblige }),
      };
    });
}
