import type { EndpointId, Obligations } from '@writ/domain';
import { obligationsOf } from './asked.js';
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
  return Object.freeze({
    matched: Object.freeze(matchedNames(evaluations)),
    authorizedEndpoints: Object.freeze(authorizedEndpoints),
    obligations: isEmpty(authorized, authorized.length) ? undefined : obligationsOf(policy, evaluations, authorized),
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

const places = 64;

/**
 * The conclusions that one linked policy came to lately, by the bits they follow from: the same bits have the same
 * conclusion for ever, so nothing here can be stale. A fixed number of places; a later one takes an earlier one's.
 */
export class ConclusionMemory {
  #keys: Int32Array | undefined;
  readonly #held: (Conclusion | undefined)[] = [];

  conclude(policy: LinkedPolicy, evaluations: readonly Evaluation[], authorized: Int32Array): Conclusion {
    // Delegations and redactions for some endpoints only follow from more than these bits.
    const isPlain = evaluations.length === policy.layers.length;
    if (!isPlain || evaluations.some(({ outcome }) => outcome.inQuestion !== undefined))
      return conclusionOf(policy, evaluations, authorized);
    let width = authorized.length;
    for (const { layer } of evaluations) width += layer.linked.reader.asking.length;
    this.#keys ??= new Int32Array(places * width);
    const at = (hashOfBits(evaluations, authorized) & (places - 1)) * width;
    const held = this.#held[at];
    if (held !== undefined && isKey(this.#keys, at, evaluations, authorized)) return held;
    const conclusion = conclusionOf(policy, evaluations, authorized);
    writeKey(this.#keys, at, evaluations, authorized);
    this.#held[at] = conclusion;
    return conclusion;
  }
}

function hashOfBits(evaluations: readonly Evaluation[], authorized: Int32Array): number {
  let hash = 0x811c9dc5 | 0;
  for (const { layer, outcome } of evaluations) {
    const { length } = layer.linked.reader.asking;
    for (let block = 0; block < length; block += 1) hash = Math.imul(hash ^ (outcome.matched[block] ?? 0), 0x01000193);
  }
  for (let block = 0; block < authorized.length; block += 1)
    hash = Math.imul(hash ^ (authorized[block] ?? 0), 0x01000193);
  return hash ^ (hash >>> 15) ^ (hash >>> 23);
}

function isKey(keys: Int32Array, from: number, evaluations: readonly Evaluation[], authorized: Int32Array): boolean {
  let at = from;
  for (const { layer, outcome } of evaluations) {
    const { length } = layer.linked.reader.asking;
    for (let block = 0; block < length; block += 1, at += 1) if (keys[at] !== outcome.matched[block]) return false;
  }
  for (let block = 0; block < authorized.length; block += 1, at += 1) if (keys[at] !== authorized[block]) return false;
  return true;
}

function writeKey(keys: Int32Array, from: number, evaluations: readonly Evaluation[], authorized: Int32Array): void {
  let at = from;
  for (const { layer, outcome } of evaluations) {
    const { length } = layer.linked.reader.asking;
    for (let block = 0; block < length; block += 1, at += 1) keys[at] = outcome.matched[block] ?? 0;
  }
  keys.set(authorized, at);
}
