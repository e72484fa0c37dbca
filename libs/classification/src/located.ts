import type { Leaf } from '@writ/domain';
import type { Candidate } from './detect/rule.js';
import { hmacHex } from './hmac.js';

/** A candidate whose value has become its keyed digest: what a scan may be remembered as, for it holds no content. */
export interface Located {
  readonly start: number;
  readonly end: number;
  readonly class: string;
  readonly type: string;
  readonly score: number;
  readonly detector: string;
  readonly via: readonly string[];
  readonly validator?: string;
  readonly cues: readonly string[];
  readonly alternatives: readonly string[];
  readonly valueDigest: string;
  readonly test?: boolean;
}

/** What was read of one leaf. */
export interface LeafScan {
  readonly found: readonly Located[];
  /** How many words of care were met: the context that makes an identifier PHI. */
  readonly clinicalWords: number;
  /** Why it was not read to its end; empty when it was. */
  readonly incomplete: readonly string[];
}

/** One leaf with what was read of it. */
export interface ScannedLeaf extends LeafScan {
  readonly leaf: Leaf;
}

/** `known` keeps the digests of one leaf's values, of which many may be equal. */
export function located(candidate: Candidate, digestKey: Uint8Array, known?: Map<string, string>): Located {
  const { start, end, class: name, type, score, detector, via, validator, cues, alternatives, test } = candidate;
  const value = `${type}\0${candidate.normal}`;
  const valueDigest = known?.get(value) ?? hmacHex(digestKey, value);
  known?.set(value, valueDigest);
  const more = test === true ? { test } : undefined;
  return validator === undefined
    ? { start, end, class: name, type, score, detector, via, cues, alternatives, valueDigest, ...more }
    : { start, end, class: name, type, score, detector, via, validator, cues, alternatives, valueDigest, ...more };
}
