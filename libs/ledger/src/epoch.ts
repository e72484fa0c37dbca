import { toBase64, toHex, utf8 } from './bytes.js';
import { canonicalJson } from './canonical-json.js';
import { type Checkpoint, checkpointBody } from './checkpoint.js';
import { hashLeaf, inclusionProof, rootOf } from './merkle.js';

/**
 * The epoch log ties the heads of all logs together. A log's slot never moves, so one epoch holds exactly one head of
 * each tenant: two views for two auditors would need two epoch logs, and witnesses refuse the second.
 */
export interface SlottedHead extends Checkpoint {
  readonly slot: number;
}

/** Leaf of the tree of heads. A slot without a head has a leaf of its own: none can be left out. */
export function hashHead(slot: number, head: Checkpoint | undefined): Uint8Array {
  return hashLeaf(utf8(`writ-head/v1\n${slot}\n${head ? checkpointBody(head) : ''}`));
}

/** Leaf of the epoch log: its number and the root of its tree of heads. */
export function hashEpoch(number: number, rootOfHeads: Uint8Array): Uint8Array {
  return hashLeaf(utf8(`writ-epoch/v1\n${number}\n${toBase64(rootOfHeads)}\n`));
}

/** All leaves of the tree of heads, in the order of their slots. */
export function headLeaves(heads: readonly SlottedHead[]): readonly Uint8Array[] {
  const bySlot = new Map(heads.map((head) => [head.slot, head]));
  const slots = heads.reduce((most, { slot }) => Math.max(most, slot + 1), 0);
  return Array.from({ length: slots }, (_, slot) => hashHead(slot, bySlot.get(slot)));
}

/** What proves that an epoch holds a log's head, down to the cosigned checkpoint of the epoch log. */
export interface EpochProof {
  readonly number: number;
  readonly slot: number;
  readonly slots: number;
  /** From the head's leaf to the root of the tree of heads. */
  readonly headProof: readonly Uint8Array[];
  /** From the epoch's leaf to the root that the epoch log's checkpoint signs. */
  readonly epochProof: readonly Uint8Array[];
}

/** `epochs` are the leaf hashes of the epoch log, as far as its checkpoint reaches. */
export function proveEpoch(
  number: number,
  heads: readonly SlottedHead[],
  slot: number,
  epochs: readonly Uint8Array[],
): EpochProof {
  const leaves = headLeaves(heads);
  return {
    number,
    slot,
    slots: leaves.length,
    headProof: inclusionProof(slot, leaves),
    epochProof: inclusionProof(number, epochs),
  };
}

/**
 * The same for the newest epoch of a checkpoint, from the leaves of its tree of heads and the compact range of the epochs
 * before it: the last leaf's path is that range, smallest subtree first.
 */
export function lastEpochProof(
  number: number,
  slot: number,
  leaves: readonly Uint8Array[],
  before: readonly Uint8Array[],
): EpochProof {
  return {
    number,
    slot,
    slots: leaves.length,
    headProof: inclusionProof(slot, leaves),
    epochProof: before.toReversed(),
  };
}

/** The file of a bundle that proves its checkpoint's place in an epoch: `epochs/<n>.head-proof`. */
export function headProofFile({ number, slot, slots, headProof, epochProof }: EpochProof): Uint8Array {
  return utf8(
    canonicalJson({ number, slot, slots, headProof: headProof.map(toHex), epochProof: epochProof.map(toHex) }),
  );
}

export function headsRoot(heads: readonly SlottedHead[]): Uint8Array {
  return rootOf(headLeaves(heads));
}
