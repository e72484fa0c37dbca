import { sameBytes, sha256 } from './bytes.js';

/** RFC 6962, section 2: SHA-256 with 0x00 before a leaf and 0x01 before two children. Indices stay below 2^53. */
const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);
const emptyRoot = sha256();

export function hashLeaf(leaf: Uint8Array): Uint8Array {
  return sha256(leafPrefix, leaf);
}

export function hashChildren(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(nodePrefix, left, right);
}

interface Subtree {
  readonly size: number;
  readonly hash: Uint8Array;
}

/**
 * The perfect subtrees that cover the first `size` leaves, leftmost (largest) first: all that appending needs. At most
 * 53 hashes whatever the size of the log.
 */
export class CompactRange {
  #subtrees: Subtree[] = [];
  #size = 0;

  /** `made` is told of every perfect subtree as it becomes whole: its size, its first leaf, its hash. */
  constructor(private readonly made?: (size: number, start: number, hash: Uint8Array) => void) {}

  /** `frontier` has one hash for each bit set in `size`; undefined when it has not. */
  static from(size: number, frontier: readonly Uint8Array[]): CompactRange | undefined {
    const sizes = subtreeSizes(size);
    if (sizes.length !== frontier.length || frontier.some((hash) => hash.length !== 32)) return undefined;
    const range = new CompactRange();
    range.#size = size;
    range.#subtrees = sizes.map((subtree, at) => ({ size: subtree, hash: frontier[at] as Uint8Array }));
    return range;
  }

  get size(): number {
    return this.#size;
  }

  append(leafHash: Uint8Array): void {
    this.appendSubtree(1, leafHash);
  }

  /** Appends a perfect subtree of `size` leaves; the range must end on a multiple of that size. */
  appendSubtree(size: number, hash: Uint8Array): void {
    let merged: Subtree = { size, hash };
    this.#size += size;
    this.made?.(size, this.#size - size, hash);
    for (;;) {
      const last = this.#subtrees.at(-1);
      if (last === undefined || last.size !== merged.size) break;
      this.#subtrees.pop();
      merged = { size: last.size * 2, hash: hashChildren(last.hash, merged.hash) };
      this.made?.(merged.size, this.#size - merged.size, merged.hash);
    }
    this.#subtrees.push(merged);
  }

  frontier(): readonly Uint8Array[] {
    return this.#subtrees.map((subtree) => subtree.hash);
  }

  root(): Uint8Array {
    const last = this.#subtrees.at(-1);
    if (last === undefined) return emptyRoot;
    let root = last.hash;
    for (let at = this.#subtrees.length - 2; at >= 0; at -= 1) {
      root = hashChildren((this.#subtrees[at] as Subtree).hash, root);
    }
    return root;
  }
}

/** The sizes of the perfect subtrees that cover [0, size): its bits, largest first. */
export function subtreeSizes(size: number): readonly number[] {
  const sizes: number[] = [];
  let rest = size;
  for (let bit = 2 ** 52; bit >= 1; bit /= 2) {
    if (rest >= bit) {
      sizes.push(bit);
      rest -= bit;
    }
  }
  return sizes;
}

/** The perfect, aligned subtrees that cover [from, to), left to right. */
export function coverRange(from: number, to: number): readonly { readonly start: number; readonly size: number }[] {
  const pieces: { start: number; size: number }[] = [];
  let start = from;
  while (start < to) {
    let size = 1;
    while (start % (size * 2) === 0 && start + size * 2 <= to) size *= 2;
    pieces.push({ start, size });
    start += size;
  }
  return pieces;
}

/** Root of the leaf hashes as one tree; RFC 6962 `MTH`. */
export function rootOf(leafHashes: readonly Uint8Array[]): Uint8Array {
  const range = new CompactRange();
  for (const hash of leafHashes) range.append(hash);
  return range.root();
}

/** The largest power of two below `size`. */
function splitAt(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** RFC 6962 `PATH`: from the leaf's sibling up to the root's child. */
export function inclusionProof(index: number, leafHashes: readonly Uint8Array[]): readonly Uint8Array[] {
  if (leafHashes.length <= 1) return [];
  const split = splitAt(leafHashes.length);
  return index < split
    ? [...inclusionProof(index, leafHashes.slice(0, split)), rootOf(leafHashes.slice(split))]
    : [...inclusionProof(index - split, leafHashes.slice(split)), rootOf(leafHashes.slice(0, split))];
}

/** The root that an inclusion proof leads to, or undefined when the proof has the wrong length (RFC 9162, 2.1.3.2). */
export function rootFromInclusion(
  index: number,
  size: number,
  leafHash: Uint8Array,
  proof: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return undefined;
  let node = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0 || sibling.length !== 32) return undefined;
    if (node % 2 === 1 || node === last) {
      hash = hashChildren(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = hashChildren(hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : undefined;
}

export function verifyInclusion(
  index: number,
  size: number,
  leafHash: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  const computed = rootFromInclusion(index, size, leafHash, proof);
  return computed !== undefined && sameBytes(computed, root);
}

/** RFC 6962 `PROOF(first, D)`: empty when `first` is 0 or the whole. */
export function consistencyProof(first: number, leafHashes: readonly Uint8Array[]): readonly Uint8Array[] {
  return first === 0 || first >= leafHashes.length ? [] : subProof(first, leafHashes, true);
}

function subProof(first: number, leafHashes: readonly Uint8Array[], whole: boolean): readonly Uint8Array[] {
  if (first === leafHashes.length) return whole ? [] : [rootOf(leafHashes)];
  const split = splitAt(leafHashes.length);
  return first <= split
    ? [...subProof(first, leafHashes.slice(0, split), whole), rootOf(leafHashes.slice(split))]
    : [...subProof(first - split, leafHashes.slice(split), false), rootOf(leafHashes.slice(0, split))];
}

/** RFC 9162, 2.1.4.2: true when the tree of `second` leaves extends the tree of `first` leaves. */
export function verifyConsistency(
  first: number,
  second: number,
  firstRoot: Uint8Array,
  secondRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(second) || first < 0 || first > second) return false;
  if (first === second) return proof.length === 0 && sameBytes(firstRoot, secondRoot);
  if (first === 0) return proof.length === 0 && sameBytes(firstRoot, emptyRoot);
  const isPowerOfTwo = subtreeSizes(first).length === 1;
  const path = isPowerOfTwo ? [firstRoot, ...proof] : proof;
  const start = path[0];
  if (start === undefined || path.some((hash) => hash.length !== 32)) return false;
  let node = first - 1;
  let last = second - 1;
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  let firstHash = start;
  let secondHash = start;
  for (const sibling of path.slice(1)) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      firstHash = hashChildren(sibling, firstHash);
      secondHash = hashChildren(sibling, secondHash);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      secondHash = hashChildren(secondHash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && sameBytes(firstHash, firstRoot) && sameBytes(secondHash, secondRoot);
}
