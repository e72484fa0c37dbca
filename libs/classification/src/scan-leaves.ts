import type { Leaf } from '@writ/domain';
import { isQuiet } from './composite.js';
import { scan, type Scope } from './engine.js';
import { located, type LeafScan } from './located.js';
import type { Bundle } from './taxonomy/taxonomy.js';

/** From so many findings on, equal values are digested once. */
const MANY = 16;
/** Of one request; one more tells that there were more. */
export const MAX_FINDINGS = 5_000;

export interface ScanOptions {
  /** 32 bytes: value digests and conversation tokens. */
  readonly digestKey: Uint8Array;
  /** True once the budget of time is spent. */
  readonly expired: () => boolean;
}

/** What was read of some leaves, in their order; undefined where nothing could be read. May be shorter than they are. */
export interface Scans {
  readonly scans: readonly (LeafScan | undefined)[];
  /** Why something is missing; empty when every leaf was read to its end. */
  readonly incomplete: readonly string[];
}

/** Reads leaf after leaf until the time or the room for findings is spent, and says so. */
export function scanLeaves(leaves: readonly Leaf[], bundle: Bundle, options: ScanOptions): Scans {
  const incomplete = new Set<string>();
  const scans: (LeafScan | undefined)[] = [];
  let count = 0;
  for (const leaf of leaves) {
    if (options.expired()) {
      incomplete.add('budget:time');
      break;
    }
    const scanned = scanLeaf(leaf, bundle, options);
    scans.push(scanned);
    for (const reason of scanned?.incomplete ?? ['detector:failed']) incomplete.add(reason);
    count += scanned?.found.length ?? 0;
    if (count > MAX_FINDINGS) {
      incomplete.add('budget:findings');
      break;
    }
  }
  return { scans, incomplete: [...incomplete] };
}

/** True for what machines wrote for machines: no name is looked for there. */
export function isNameless(leaf: Leaf): boolean {
  return leaf.fixed === true || leaf.role === 'definition';
}

function scanLeaf(leaf: Leaf, bundle: Bundle, { digestKey, expired }: ScanOptions): LeafScan | undefined {
  const scope: Scope = { key: leaf.key, role: leaf.role, nameless: isNameless(leaf), bundle, expired };
  try {
    const { candidates, clinicalWords, incomplete } = scan(leaf.text, scope);
    const found = candidates.filter((each) => bundle.counts(each) || isQuiet(each)).slice(0, MAX_FINDINGS + 1);
    const known = found.length < MANY ? undefined : new Map<string, string>();
    return { found: found.map((each) => located(each, digestKey, known)), clinicalWords, incomplete };
  } catch {
    // Fails closed: the leaf counts as unread, which policy denies by default.
    return undefined;
  }
}
