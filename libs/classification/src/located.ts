import { createHmac } from 'node:crypto';
import type { Leaf } from '@writ/domain';
import type { Candidate } from './detect/rule.js';

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

export function located(candidate: Candidate, digestKey: Uint8Array): Located {
  return {
    start: candidate.start,
    end: candidate.end,
    class: candidate.class,
    type: candidate.type,
    score: candidate.score,
    detector: candidate.detector,
    via: candidate.via,
    ...(candidate.validator === undefined ? {} : { validator: candidate.validator }),
    cues: candidate.cues,
    alternatives: candidate.alternatives,
    valueDigest: createHmac('sha256', digestKey).update(`${candidate.type}\0${candidate.normal}`).digest('hex'),
    ...(candidate.test === true ? { test: true } : {}),
  };
}
