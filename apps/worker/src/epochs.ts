import {
  CompactRange,
  type LogSigner,
  hashEpoch,
  headLeaves,
  headsRoot,
  openCheckpoint,
  signCheckpoint,
} from '@writ/ledger';
import type { SequencerStore, StoredHead } from '@writ/postgres';
import type { Anchor, AnchoredHead } from './anchor.js';

export interface EpochParts {
  readonly store: SequencerStore;
  readonly anchor: Anchor;
  readonly key: LogSigner;
  /** Public keys that may have signed the epoch before. */
  readonly logKeys: readonly Uint8Array[];
  /** C2SP origin of the epoch log. */
  readonly origin: string;
}

/** Every so many epochs all heads are written, so that a start reads few files. */
const fullEvery = 120;

/**
 * Ties the heads of all logs together: leaf k of the tree of heads is the head of the log in slot k, and a slot never
 * moves, so one epoch holds exactly one head of each tenant. The epochs form a log of their own, whose checkpoint a
 * witness can cosign. Returns the epoch's number, or undefined when nothing changed.
 */
export async function takeEpoch(parts: EpochParts, known: Map<string, number>): Promise<number | undefined> {
  const { store, anchor, key, origin } = parts;
  const heads = await store.heads();
  const changed = heads.filter((head) => known.get(head.origin) !== head.size);
  if (changed.length === 0) return undefined;
  const newest = await store.newestEpoch();
  const number = (newest?.number ?? -1) + 1;
  if (((await anchor.newestEpoch()) ?? -1) >= number)
    throw new Error('the database holds fewer epochs than were anchored');
  const before = newest?.frontier ?? new Uint8Array();
  const range = CompactRange.from(number, hashesIn(before));
  if (range === undefined) throw new Error('the frontier of the epoch log does not fit its size');
  if (newest !== undefined && openCheckpoint(newest.note, parts.logKeys)?.size !== number)
    throw new Error('the newest epoch is not signed by this key');
  const root = headsRoot(heads);
  range.append(hashEpoch(number, root));
  const note = signCheckpoint({ origin, size: range.size, root: range.root() }, key);
  const isFull = number % fullEvery === 0 || known.size === 0;
  const anchoredHeads = (isFull ? heads : changed).map(anchoredHead);
  await store.putEpoch({
    number,
    root,
    frontier: Buffer.concat(range.frontier()),
    note,
    heads: anchoredHeads,
    changed,
    leaves: headLeaves(heads),
  });
  await anchor.putEpoch({
    number,
    root: Buffer.from(root).toString('base64'),
    note,
    frontier: Buffer.from(before).toString('base64'),
    isFull,
    heads: anchoredHeads,
  });
  for (const head of changed) known.set(head.origin, head.size);
  return number;
}

export function anchoredHead({ tenant, slot, origin, size, root, note }: StoredHead): AnchoredHead {
  return { tenant, slot, origin, size, root: Buffer.from(root).toString('base64'), note };
}

function hashesIn(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / 32 }, (_, at) => bytes.subarray(at * 32, at * 32 + 32));
}
