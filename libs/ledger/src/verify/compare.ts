import { sameBytes } from '../bytes.js';
import { openCheckpoint } from '../checkpoint.js';
import { CompactRange } from '../merkle.js';
import type { Archive } from './archive.js';
import { type Finding, exitCodes } from './findings.js';
import type { Trust } from './trust.js';
import { type TreeRange, readRange, walkTree } from './tree.js';

/** What the holder of another bundle, or of a checkpoint written down earlier, can say about this one. */
export interface Comparison {
  readonly findings: readonly Finding[];
  /** One sentence for the report. */
  readonly what: string;
}

const fork = (what: string, index?: number): Finding =>
  index === undefined ? { code: exitCodes.fork, what } : { code: exitCodes.fork, index, what };

/** Two bundles of one log hold the same leaf at every index that both cover, and one root for one size. */
export function compareBundles(
  here: { readonly archive: Archive; readonly range: TreeRange },
  other: Archive,
  trust: Trust,
  atMs: number,
): Comparison {
  const range = readRange(other, trust, atMs);
  const { checkpoint } = here.range;
  if (range.checkpoint.origin !== checkpoint.origin) {
    return { findings: [fork(`the other bundle is of the log ${range.checkpoint.origin}`)], what: '' };
  }
  if (range.checkpoint.size === checkpoint.size && !sameBytes(range.checkpoint.root, checkpoint.root)) {
    return { findings: [fork(`two roots are signed for the size ${checkpoint.size}`)], what: '' };
  }
  const theirs = new Map<number, Uint8Array>();
  const broken: Finding[] = [];
  const tell = ({ code }: Finding) =>
    void broken.push({ code, what: 'the other bundle does not lead to its own checkpoint' });
  for (const { index, leafHash } of walkTree(other, range, tell)) theirs.set(index, leafHash);
  if (broken.length > 0) return { findings: broken, what: '' };
  let common = 0;
  for (const { index, leafHash } of walkTree(here.archive, here.range, () => undefined)) {
    const their = theirs.get(index);
    if (!their) continue;
    common += 1;
    if (!sameBytes(their, leafHash))
      return { findings: [fork('the other bundle has another leaf here', index)], what: '' };
  }
  return { findings: [], what: `agrees with the other bundle on ${common} common indices` };
}

/** A checkpoint that someone kept must be a stage of this very tree. Needs a bundle from index 0 to its size. */
export function comparePinned(archive: Archive, range: TreeRange, pinned: string, trust: Trust): Comparison {
  const keys = trust.keys.filter(({ use }) => use === 'log').map(({ publicKey }) => publicKey);
  const checkpoint = openCheckpoint(pinned, keys);
  if (!checkpoint || checkpoint.origin !== range.checkpoint.origin) {
    return { findings: [fork('the pinned checkpoint is not one of this log')], what: '' };
  }
  if (checkpoint.size > range.checkpoint.size) {
    return { findings: [fork(`the log was ${checkpoint.size} long and is now ${range.checkpoint.size}`)], what: '' };
  }
  if (range.from !== 0 || range.to < checkpoint.size) {
    return { findings: [], what: 'does not reach back far enough to be compared with the pinned checkpoint' };
  }
  const tree = new CompactRange();
  for (const { index, leafHash } of walkTree(archive, range, () => undefined)) {
    if (index < checkpoint.size) tree.append(leafHash);
  }
  return sameBytes(tree.root(), checkpoint.root)
    ? { findings: [], what: `extends the pinned checkpoint of size ${checkpoint.size}` }
    : {
        findings: [fork(`the tree of the pinned checkpoint, size ${checkpoint.size}, is not a stage of this one`)],
        what: '',
      };
}
