import { hash } from 'node:crypto';
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
const hashBytes = 32;
/** Signature, slot, then the sibling of each level from the leaf up. */
export const batchProofBytes = signatureBytes + 1 + depth * hashBytes;

export interface BatchProof {
  /** Ed25519 over `batchMessage` of the root that the path leads to. */
  readonly signature: Uint8Array;
  readonly slot: number;
  readonly path: readonly Uint8Array[];
}

/**
 * The tree of the batch that is being signed, level after level, the root last; used within one call only. A level of `n` nodes
 * begins at node `2 * (slots - n)`.
 */
const tree = Buffer.allocUnsafeSlow((2 * slots - 1) * hashBytes);
/** Which nodes there are. */
const isThere = new Uint8Array(2 * slots - 1);
const rootNode = 2 * slots - 2;
/** What two children are hashed in: a byte of 1 and both hashes. */
const children = Buffer.alloc(1 + 2 * hashBytes, 1);

/** The proofs of the statements, in their order. Throws above 64, and whatever `sign` throws. */
export function signBatch(
  statements: readonly Uint8Array[],
  sign: (bytes: Uint8Array) => Uint8Array,
  random: RandomBytes,
): readonly Uint8Array[] {
  if (statements.length > slots) throw new RangeError(`one signature covers at most ${slots} statements`);
  const places = drawSlots(statements.length, random(slots));
  isThere.fill(0);
  for (const [at, statement] of statements.entries()) put(places[at] as number, hashLeaf(statement));
  growTree(random);
  const signature = sign(batchMessage(tree.subarray(rootNode * hashBytes)));
  return places.map((slot) => proofOf(slot, signature));
}

/** Undefined unless the bytes have the one length and name a slot of the tree. */
export function parseBatchProof(bytes: Uint8Array): BatchProof | undefined {
  const slot = bytes[signatureBytes] ?? slots;
  if (bytes.length !== batchProofBytes || slot >= slots) return undefined;
  const path = Array.from({ length: depth }, (_, level) => {
    const from = signatureBytes + 1 + level * hashBytes;
    return bytes.subarray(from, from + hashBytes);
  });
  return { signature: bytes.subarray(0, signatureBytes), slot, path };
}

/** What the writer signed if `statement` is in the batch: the root that its path leads to. */
export function signedByBatch(statement: Uint8Array, { slot, path }: BatchProof): Uint8Array {
  let node = hashLeaf(statement);
  path.forEach((sibling, level) => {
    node = ((slot >> level) & 1) === 0 ? hashChildren(node, sibling) : hashChildren(sibling, node);
  });
  return batchMessage(node);
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

function put(node: number, bytes: Uint8Array): void {
  tree.set(bytes, node * hashBytes);
  isThere[node] = 1;
}

/** Every level from the leaves to the root. A node beside which there is nothing gets a random sibling. */
function growTree(random: RandomBytes): void {
  for (let left = 0; left < rootNode; left += 2) {
    if (isThere[left] === 0 && isThere[left + 1] === 0) continue;
    if (isThere[left] === 0) put(left, random(hashBytes));
    if (isThere[left + 1] === 0) put(left + 1, random(hashBytes));
    tree.copy(children, 1, left * hashBytes, (left + 2) * hashBytes);
    const above = slots + left / 2;
    tree.write(hash('sha256', children, 'latin1'), above * hashBytes, 'latin1');
    isThere[above] = 1;
  }
}

function proofOf(slot: number, signature: Uint8Array): Uint8Array {
  const proof = Buffer.allocUnsafe(batchProofBytes);
  proof.set(signature);
  proof[signatureBytes] = slot;
  let node = slot;
  for (let level = 0; level < depth; level += 1) {
    const sibling = node ^ 1;
    tree.copy(proof, signatureBytes + 1 + level * hashBytes, sibling * hashBytes, (sibling + 1) * hashBytes);
    node = slots + (node >> 1);
  }
  return proof;
}
