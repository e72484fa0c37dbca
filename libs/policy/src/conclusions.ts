import type { EndpointId, Obligations } from '@writ/domain';
import { obligationsOf } from './asked.js';
import { type Cause, causeByRules } from './cause.js';
import { type Evaluation, ruleName } from './evaluation.js';
import type { LinkedPolicy } from './link.js';
import { indexesOf, isEmpty } from './outcome.js';

/** What follows from which rules matched and which endpoints stayed; it depends on nothing else. */
export interface Conclusion {
  /** In document order, the platform's rules first; a rule that matched for any subject of a delegation counts. */
  readonly matched: readonly string[];
  readonly authorizedEndpoints: readonly EndpointId[];
  /** Undefined when nothing is authorized. */
  readonly obligations: Obligations | undefined;
  /** Why nothing is authorized, as far as the rules say. */
  readonly cause: Cause | undefined;
}

export function conclusionOf(
  policy: LinkedPolicy,
  evaluations: readonly Evaluation[],
  authorized: Int32Array,
): Conclusion {
  const authorizedEndpoints: EndpointId[] = [];
  for (const index of indexesOf(authorized)) {
    const endpoint = policy.endpoints[index];
    if (endpoint !== undefined) authorizedEndpoints.push(endpoint.id);
  }
  const isDeny = isEmpty(authorized, authorized.length);
  return Object.freeze({
    matched: Object.freeze(matchedNames(evaluations)),
    authorizedEndpoints: Object.freeze(authorizedEndpoints),
    obligations: isDeny ? undefined : obligationsOf(policy, evaluations, authorized),
    cause: isDeny ? causeByRules(evaluations) : undefined,
  });
}

function matchedNames(evaluations: readonly Evaluation[]): readonly string[] {
  const names: string[] = [];
  for (const [index, { layer, outcome }] of evaluations.entries()) {
    if (index > 0 && evaluations[index - 1]?.layer === layer) continue;
    let { matched } = outcome;
    for (const other of evaluations.slice(index + 1)) {
      if (other.layer === layer) matched = matched.map((bits, block) => bits | (other.outcome.matched[block] ?? 0));
    }
    for (const rule of indexesOf(matched)) names.push(ruleName(layer, rule));
  }
  return names;
}

/** Entries over all policies of the process; each is some 500 bytes. */
const places = 8_192;

interface Entry {
  /** Which link of a policy this follows from. */
  readonly link: number;
  readonly bits: Int32Array;
  readonly conclusion: Conclusion;
}

/**
 * The conclusions that linked policies came to lately, by the bits they follow from: the same bits of one link have the
 * same conclusion for ever, so nothing here can be stale. A fixed number of places; a later entry takes an earlier one's.
 */
const entries = Array.from({ length: places }, (): Entry | undefined => undefined);

/** `conclusionOf`, or what it concluded lately from the same bits. */
export function concludedBefore(
  policy: LinkedPolicy,
  evaluations: readonly Evaluation[],
  authorized: Int32Array,
): Conclusion {
  // Delegations and redactions for some endpoints only follow from more than these bits.
  if (!followsFromBits(policy, evaluations)) return conclusionOf(policy, evaluations, authorized);
  const link = policy.number;
  const at = hashOfBits(link, evaluations) & (places - 1);
  const held = entries[at];
  if (held?.link === link && hasBits(held.bits, evaluations)) return held.conclusion;
  const conclusion = conclusionOf(policy, evaluations, authorized);
  entries[at] = { link, bits: bitsOf(evaluations), conclusion };
  return conclusion;
}

function followsFromBits(policy: LinkedPolicy, evaluations: readonly Evaluation[]): boolean {
  for (const { outcome } of evaluations) if (outcome.inQuestion !== undefined) return false;
  return evaluations.length === policy.layers.length;
}

/** Of each layer: the rules that matched, and the endpoints that it authorizes. */
function bitsOf(evaluations: readonly Evaluation[]): Int32Array {
  return Int32Array.from(
    evaluations.flatMap(({ layer, outcome }) => [
      ...outcome.matched.subarray(0, layer.linked.reader.asking.length),
      ...outcome.authorized,
    ]),
  );
}

function hashOfBits(link: number, evaluations: readonly Evaluation[]): number {
  let hash = Math.imul(link, 0x9e3779b1);
  for (const { layer, outcome } of evaluations) {
    const { matched, authorized } = outcome;
    const { length } = layer.linked.reader.asking;
    for (let block = 0; block < length; block += 1) hash = Math.imul(hash ^ (matched[block] ?? 0), 0x01000193);
    for (let block = 0; block < authorized.length; block += 1)
      hash = Math.imul(hash ^ (authorized[block] ?? 0), 0x01000193);
  }
  return hash ^ (hash >>> 13) ^ (hash >>> 22);
}

function hasBits(bits: Int32Array, evaluations: readonly Evaluation[]): boolean {
  let at = 0;
  for (const { layer, outcome } of evaluations) {
    const { matched, authorized } = outcome;
    const { length } = layer.linked.reader.asking;
    for (let block = 0; block < length; block += 1, at += 1) if (bits[at] !== matched[block]) return false;
    for (let block = 0; block < authorized.length; block += 1, at += 1)
      if (bits[at] !== authorized[block]) return false;
  }
  return true;
}
