import type { Leaf } from '@writ/domain';
import type { Candidate } from './detect/rule.js';

/** What one leaf holds, before digests. */
export interface LeafFindings {
  readonly leaf: Leaf;
  readonly candidates: readonly Candidate[];
  readonly clinicalWords: number;
}
