import { toBase64, utf8 } from './bytes.js';
import { hashChildren, hashLeaf } from './merkle.js';
import type { RandomBytes } from './sealing.js';

/**
 * One signature over up to 64 statements, and for each of them a proof that stands alone: a Merkle tree of fixed depth with
 * the statements in random slots. Where there is none, a subtree is 32 random bytes, so that a proof says nothing of how many
 * others were signed with it, or whose.
 */
const depth = 6;
const slots = 2 ** depth;
const signatureBytes = 64;
/** Signature, slot, then the sibling of each level from the leaf up. */
export const batchProofBytes = signatureBytes + 1 + depth * 32;

export interface BatchProof {
  /** Ed25519 over `batchMessage` of the root that the path leads to. */
  readonly signature: Uint8Array;
  readonly slot: number;
  readonly path: readonly Uint8Array[];
}

/** The proofs of the statements, in their order. Throws above 64, and whatever `sign` throws. */
export function signBatch(
  statements: readonly Uint8Array[],
  sign: (bytes: Uint8Array) => Uint8Array,
  random: RandomBytes,
): readonly Uint8Array[] {
  if (statements.length > slots) throw new RangeError(`one signature covers at most ${slots} statements`);
  const places = drawSlots(statements.length, random(slots));
  const leaves: (Uint8Array | undefined)[] = Array.from({ length: slots });
  statements.forEach((statement, at) => (leaves[places[at] as number] = hashLeaf(statement)));
  const levels = growTree(leaves, random);
  const signature = sign(batchMessage(levels[depth]?.[0] as Uint8Array));
  return places.map((slot) => proofOf(slot, levels, signature));
}

/** Undefined unless the bytes have the one length and name a slot of the tree. */
export function parseBatchProof(bytes: Uint8Array): BatchProof | undefined {
  const slot = bytes[signatureBytes] ?? slots;
  if (bytes.length !== batchProofBytes || slot >= slots) return undefined;
  const path = Array.from({ length: depth }, (_, level) => {
    const from = signatureBytes + 1 + level * 32;
    return bytes.subarray(from, from + 32);
  });
  return { signature: bytes.subarray(0, signatureBytes), slot, path };
}

/** What the writer signed if `statement` is in the batch: the root that its path leads to. */
export function signedByBatch(statement: Uint8Array, { slot, path }: BatchProof): Uint8Array {
  let hash = hashLeaf(statement);
  path.forEach((sibling, level) => {
    hash = ((slot >> level) & 1) === 0 ? hashChildren(hash, sibling) : hashChildren(sibling, hash);
  });
  return batchMessage(hash);
}

function batchMessage(root: Uint8Array): Uint8Array {
  return utf8(`writ-batch/1\n${toBase64(root)}\n`);
}

/** Fisher and Yates, over the first `count` places. */
function drawSlots(count: number, random: Uint8Array): readonly number[] {
  const free = Array.from({ length: slots }, (_, slot) => slot);
  for (let at = 0; at < count; at += 1) {
    const drawn = at + Math.floor(((random[at] ?? 0) * (slots - at)) / 256);
    [free[at], free[drawn]] = [free[drawn] as number, free[at] as number];
  }
  return free.slice(0, count);
}

/** Every level from the leaves to the root. A node beside which there is nothing gets a random sibling. */
function growTree(leaves: (Uint8Array | undefined)[], random: RandomBytes): readonly (Uint8Array | undefined)[][] {
  const levels = [leaves];
  for (let nodes = leaves; nodes.length > 1;) {
    const above: (Uint8Array | undefined)[] = Array.from({ length: nodes.length / 2 });
    for (let at = 0; at < above.length; at += 1) {
      if (nodes[2 * at] === undefined && nodes[2 * at + 1] === undefined) continue;
      const left = (nodes[2 * at] ??= random(32));
      const right = (nodes[2 * at + 1] ??= random(32));
      above[at] = hashChildren(left, right);
    }
    levels.push(above);
    nodes = above;
  }
  return levels;
}

function proofOf(slot: number, levels: readonly (Uint8Array | undefined)[][], signature: Uint8Array): Uint8Array {
  const proof = new Uint8Array(batchProofBytes);
  proof.set(signature);
  proof[signatureBytes] = slot;
  for (let level = 0; level < depth; level += 1) {
    const sibling = levels[level]?.[(slot >> level) ^ 1] as Uint8Array;
    proof.set(sibling, signatureBytes + 1 + level * 32);
  }
  return proof;
}
