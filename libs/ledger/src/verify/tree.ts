import type { JsonValue } from '@writ/domain';
import { fromHex, sameBytes, splitHashes } from '../bytes.js';
import { type Checkpoint, openCheckpoint, parseCheckpointBody } from '../checkpoint.js';
import { CompactRange, coverRange, hashLeaf, subtreeSizes } from '../merkle.js';
import { parseNote } from '../note.js';
import { splitEntries, tilePath, tileWidth } from '../tiles.js';
import type { Archive } from './archive.js';
import { type Finding, Unreadable, exitCodes } from './findings.js';
import { isCount, parseCanonicalObject } from './strict-json.js';
import { type Trust, keysFor } from './trust.js';

/** One index of the range: its leaf hash in the tree, and the leaf where it is there and is the one that was hashed. */
export interface Position {
  readonly index: number;
  readonly leafHash: Uint8Array;
  readonly leaf: Uint8Array | undefined;
  /** Set when bytes are there but are not those that the tree holds. */
  readonly isOther: boolean;
}

export interface TreeRange {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  readonly from: number;
  readonly to: number;
  readonly left: readonly Uint8Array[];
  readonly right: readonly Uint8Array[];
}

/** The checkpoint, signed by a log key of the keyset that may sign for this origin, at this size, at this time. */
export function readRange(archive: Archive, trust: Trust, atMs: number): TreeRange {
  const note = Buffer.from(archive.get('log/checkpoint')).toString('utf8');
  const parsed = parseNote(note);
  const claimed = parsed && parseCheckpointBody(parsed.text);
  if (!parsed || !claimed || parsed.signatures.length > 16 || !sameText(archive.get('log/checkpoint'), note)) {
    throw new Unreadable(exitCodes.format, 'log/checkpoint is not a C2SP checkpoint');
  }
  const keys = keysFor(trust, 'log', atMs).filter(({ name, revoked }) => {
    const lastSize = revoked?.lastSize[claimed.origin];
    const isInTime = revoked === undefined || (isCount(lastSize) && claimed.size <= lastSize);
    return claimed.origin.startsWith(name) && isInTime;
  });
  const checkpoint = openCheckpoint(
    note,
    keys.map(({ publicKey }) => publicKey),
  );
  if (!checkpoint) {
    throw new Unreadable(exitCodes.signature, 'log/checkpoint is not signed by a log key that the keyset allows here');
  }
  return { checkpoint, note, ...readBounds(archive, checkpoint.size) };
}

function readBounds(archive: Archive, size: number): Pick<TreeRange, 'from' | 'to' | 'left' | 'right'> {
  const range = parseCanonicalObject(archive.get('log/range.json'));
  const { from, to, left, right } = range ?? {};
  const isWhole = isCount(from) && isCount(to) && from <= to && to <= size && from % tileWidth === 0;
  if (!isWhole || range?.['size'] !== size) {
    throw new Unreadable(exitCodes.format, 'log/range.json does not describe a range of the signed tree');
  }
  const leftHashes = hashesOf(left, subtreeSizes(from).length);
  const rightHashes = hashesOf(right, coverRange(to, size).length);
  if (!leftHashes || !rightHashes) throw new Unreadable(exitCodes.format, 'log/range.json lacks hashes');
  return { from, to, left: leftHashes, right: rightHashes };
}

/** Every index of the range in order. At the end the hashes must have led to the signed root, or the finding is told. */
export function* walkTree(archive: Archive, range: TreeRange, tell: (finding: Finding) => void): Generator<Position> {
  const tree = CompactRange.from(range.from, range.left);
  if (!tree) throw new Unreadable(exitCodes.format, 'log/range.json lacks hashes');
  for (let first = range.from; first < range.to; first += tileWidth) {
    const width = Math.min(tileWidth, range.to - first);
    const path = tilePath(first / tileWidth, width);
    const tile = archive.get(`log/tile/0/${path}`);
    const hashes = splitHashes(tile);
    const entries = splitEntries(archive.get(`log/tile/entries/${path}`), width);
    if (tile.length !== width * 32 || !entries) {
      throw new Unreadable(exitCodes.format, `the tile ${path} does not hold ${width} entries`);
    }
    for (const [at, leafHash] of hashes.entries()) {
      tree.append(leafHash);
      yield positionOf(first + at, leafHash, entries[at] as Uint8Array);
    }
  }
  coverRange(range.to, range.checkpoint.size).forEach(({ size }, at) => {
    tree.appendSubtree(size, range.right[at] as Uint8Array);
  });
  if (!sameBytes(tree.root(), range.checkpoint.root)) {
    tell({ code: exitCodes.root, what: 'the leaf hashes do not lead to the root that the checkpoint signs' });
  }
}

function positionOf(index: number, leafHash: Uint8Array, entry: Uint8Array): Position {
  if (entry.length === 0) return { index, leafHash, leaf: undefined, isOther: false };
  const isHashed = sameBytes(hashLeaf(entry), leafHash);
  return { index, leafHash, leaf: isHashed ? entry : undefined, isOther: !isHashed };
}

function hashesOf(value: JsonValue | undefined, count: number): readonly Uint8Array[] | undefined {
  if (!Array.isArray(value) || value.length !== count) return undefined;
  const list = value as readonly JsonValue[];
  return list.every((hex) => typeof hex === 'string' && /^[0-9a-f]{64}$/.test(hex))
    ? list.map((hex) => fromHex(hex as string))
    : undefined;
}

function sameText(bytes: Uint8Array, text: string): boolean {
  return sameBytes(bytes, Buffer.from(text, 'utf8'));
}
