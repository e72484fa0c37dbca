import type { QueryResultRow } from 'pg';
import type { RecordId, TenantId } from '@writ/domain';
import {
  type BatchEvidence,
  CompactRange,
  type EpochProof,
  type WitnessEvidence,
  consistencySince,
  lastEpochProof,
} from '@writ/ledger';
import { type PlanePool, connectToPrimary } from './plane.js';

/** A row of `ledger.inclusions`, but for the record's id. */
export interface BatchRow {
  readonly first_idx: string;
  readonly size_after: string;
  readonly leaf_hashes: Buffer;
  readonly frontier: Buffer;
  readonly note: string;
}

interface WitnessedRow extends BatchRow, EpochRow {
  /** Leaf hashes between the batch and the witnessed head. */
  readonly later: Buffer;
  readonly epoch_note: string;
  readonly head_note: string;
}

interface EpochRow {
  readonly number: string;
  readonly slot: number;
  readonly hashes: Buffer;
  readonly frontier_before: Buffer | null;
}

/** Looks again and again until there is something or the time is over; each look waits for the one before it. */
export async function lookUntil<T>(
  look: () => Promise<T | undefined>,
  withinMs: number,
  pauses: { readonly firstMs: number; readonly longestMs: number },
): Promise<T | undefined> {
  const end = performance.now() + withinMs;
  for (let pauseMs = pauses.firstMs; ; pauseMs = Math.min(pauseMs * 1.5, pauses.longestMs)) {
    // oxlint-disable-next-line no-await-in-loop -- each look follows the pause before it
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() + pauseMs >= end) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, pauseMs);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await promise;
  }
}

/** The newest epoch that a quorum cosigned, when its head is large enough to hold the record. */
export async function witnessedBatchOf(
  plane: PlanePool,
  tenant: TenantId,
  record: RecordId,
): Promise<WitnessEvidence | undefined> {
  const row = await one<WitnessedRow>(plane, {
    name: 'writ.witnessed',
    text: 'SELECT * FROM ledger.witnessed($1, $2)',
    values: [tenant, record],
  });
  if (row === undefined) return undefined;
  const batch = batchIn(row);
  const range = CompactRange.from(batch.firstIndex, hashesIn(row.frontier));
  if (range === undefined) throw new Error('a stored frontier does not fit its batch');
  for (const hash of hashesIn(row.leaf_hashes)) range.append(hash);
  return {
    batch,
    head: row.head_note,
    consistency: consistencySince(batch.sizeAfter, Buffer.concat(range.frontier()), hashesIn(row.later)),
    epoch: epochProofOf(row),
    epochNote: row.epoch_note,
  };
}

export function epochProofOf({ number, slot, hashes, frontier_before }: EpochRow): EpochProof {
  return lastEpochProof(Number(number), slot, hashesIn(hashes), hashesIn(frontier_before ?? Buffer.alloc(0)));
}

export function batchIn(row: BatchRow): BatchEvidence {
  return {
    firstIndex: Number(row.first_idx),
    sizeAfter: Number(row.size_after),
    leafHashes: row.leaf_hashes,
    frontier: row.frontier,
    note: row.note,
  };
}

async function one<Row extends QueryResultRow>(
  plane: PlanePool,
  statement: { readonly name: string; readonly text: string; readonly values: readonly unknown[] },
): Promise<Row | undefined> {
  const client = await connectToPrimary(plane);
  try {
    const { rows } = await client.query<Row>({ ...statement, values: [...statement.values] });
    client.release();
    return rows[0];
  } catch (cause) {
    client.release(true);
    throw cause;
  }
}

export function hashesIn(bytes: Buffer): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / 32 }, (_, at) => bytes.subarray(at * 32, at * 32 + 32));
}
