import { CompactRange, hashChildren, subtreeSizes } from './merkle.js';

/**
 * Inclusion proofs (RFC 6962) of a few leaves of a tree, from one pass over all its leaf hashes in order: what it holds grows
 * with the proofs, not with the tree.
 */
export class ProofGatherer {
  /** Nodes that some proof needs, by size and start, once they are known. */
  readonly #nodes = new Map<string, Uint8Array | undefined>();
  readonly #sizes: readonly number[];
  readonly #tree = new CompactRange((size, start, hash) => {
    const name = nodeName(size, start);
    if (this.#nodes.has(name)) this.#nodes.set(name, hash);
  });

  /** `indices` are below `size`, the number of leaves that the tree will have. */
  constructor(
    private readonly indices: readonly number[],
    size: number,
  ) {
    this.#sizes = subtreeSizes(size);
    for (const index of indices) for (const name of siblingsOf(index, size)) this.#nodes.set(name, undefined);
  }

  append(leafHash: Uint8Array): void {
    this.#tree.append(leafHash);
  }

  /** By index, from the leaf's sibling up. Throws when not all leaves were appended. */
  proofs(): ReadonlyMap<number, readonly Uint8Array[]> {
    const size = this.#sizes.reduce((sum, each) => sum + each, 0);
    if (this.#tree.size !== size) throw new Error(`${this.#tree.size} of ${size} leaves were appended`);
    const frontier = this.#tree.frontier();
    return new Map(
      this.indices.map((index) => [
        index,
        [
          ...siblingsOf(index, size).map((name) => this.#nodes.get(name) as Uint8Array),
          ...edgeOf(index, this.#sizes, frontier),
        ],
      ]),
    );
  }
}

function nodeName(size: number, start: number): string {
  return `${size} ${start}`;
}

/** The siblings inside the perfect subtree of the frontier that holds the index, from the leaf up. */
function siblingsOf(index: number, size: number): readonly string[] {
  const names: string[] = [];
  for (let width = 1; ; width *= 2) {
    const start = index - (index % width);
    const isLeft = start % (width * 2) === 0;
    const parent = isLeft ? start : start - width;
    if (parent + width * 2 > size) return names;
    names.push(nodeName(width, isLeft ? start + width : parent));
  }
}

/** What joins that subtree with the others: all to the right of it as one hash, then those to the left, the nearest first. */
function edgeOf(index: number, sizes: readonly number[], frontier: readonly Uint8Array[]): readonly Uint8Array[] {
  let end = 0;
  const at = sizes.findIndex((size) => index < (end += size));
  const after = frontier.slice(at + 1);
  const right = after.length === 0 ? [] : [after.reduceRight((root, hash) => hashChildren(hash, root))];
  return [...right, ...frontier.slice(0, at).toReversed()];
}
