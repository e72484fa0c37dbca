import { sameBytes, splitHashes } from './bytes.js';
import { type OpenCheckpoint, openCheckpoint } from './checkpoint.js';
import { cosignaturesOf } from './cosignature.js';
import { hashEpoch, hashHead } from './epoch.js';
import type { BatchEvidence, WitnessEvidence } from './ledger.js';
import { CompactRange, rootFromInclusion, verifyConsistency } from './merkle.js';
import { parseNote } from './note.js';
import type { WitnessPolicy } from './witness-policy.js';

/** True when the batch holds the leaf and its signed checkpoint commits to exactly this batch on top of that frontier. */
export function provesInclusion(
  evidence: BatchEvidence,
  origin: string,
  leafHash: Uint8Array,
  logKeys: readonly Uint8Array[],
  open: OpenCheckpoint = openCheckpoint,
): boolean {
  const checkpoint = open(evidence.note, logKeys);
  const range = CompactRange.from(evidence.firstIndex, splitHashes(evidence.frontier));
  if (!checkpoint || !range || checkpoint.origin !== origin || checkpoint.size !== evidence.sizeAfter) return false;
  const hashes = splitHashes(evidence.leafHashes);
  for (const hash of hashes) range.append(hash);
  return (
    range.size === checkpoint.size &&
    sameBytes(range.root(), checkpoint.root) &&
    hashes.some((hash) => sameBytes(hash, leafHash))
  );
}

/** True when a quorum of witnesses cosigned an epoch whose slot holds a head that extends the batch with the leaf. */
export function provesWitness(
  evidence: WitnessEvidence,
  origin: string,
  leafHash: Uint8Array,
  logKeys: readonly Uint8Array[],
  policy: WitnessPolicy,
  open: OpenCheckpoint = openCheckpoint,
): boolean {
  const { batch, epoch } = evidence;
  const before = open(batch.note, logKeys);
  const head = open(evidence.head, logKeys);
  const epochs = open(evidence.epochNote, logKeys);
  const note = parseNote(evidence.epochNote);
  if (!before || !head || !epochs || !note || head.origin !== origin) return false;
  if (!provesInclusion(batch, origin, leafHash, logKeys, open)) return false;
  if (!verifyConsistency(before.size, head.size, before.root, head.root, evidence.consistency)) return false;
  const heads = rootFromInclusion(epoch.slot, epoch.slots, hashHead(epoch.slot, head), epoch.headProof);
  const root = heads && rootFromInclusion(epoch.number, epochs.size, hashEpoch(epoch.number, heads), epoch.epochProof);
  if (!root || !sameBytes(root, epochs.root)) return false;
  const cosigners = cosignaturesOf(note, policy.witnesses).map(({ name }) => name);
  return cosigners.length > 0 && policy.isQuorum(new Set(cosigners));
}
