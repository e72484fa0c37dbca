import { type RecordId, unreachable } from '@writ/domain';
import { signBatch } from './batch-signature.js';
import { sameBytes } from './bytes.js';
import type { CommitQueue, Waiting } from './commit-queue.js';
import { type ChainPosition, type PreparedRecord, placeRecord, storedLeaf } from './leaf.js';
import type { AppendOutcome, CommitRefusal, LedgerStore, StoredLeaf } from './ledger.js';
import type { RandomBytes } from './sealing.js';
import { withProof } from './signed-record.js';
import type { WriterSigner } from './signer.js';
import type { WriterLanes } from './writer-lanes.js';

/** Something a person must look at; the request was refused in any case. */
export type LedgerAlarm =
  | { readonly kind: 'conflict'; readonly records: readonly RecordId[] }
  /** A record that cannot be encoded: above 60 KiB, or with a value that canonical JSON does not admit. */
  | { readonly kind: 'inadmissible'; readonly record: RecordId; readonly cause: string }
  | { readonly kind: 'integrity-hold'; readonly origins: readonly string[] }
  | { readonly kind: 'writer-refused'; readonly writer: string }
  | { readonly kind: 'signer-failed'; readonly writer: string; readonly cause: string }
  | { readonly kind: 'store-failing'; readonly cause: string }
  /** A late outcome could not be kept on disk; it waits in memory. */
  | { readonly kind: 'spool-failed'; readonly cause: string };

export interface SlotParts {
  readonly store: LedgerStore;
  readonly queue: CommitQueue;
  readonly lanes: WriterLanes;
  readonly writer: WriterSigner;
  readonly random: RandomBytes;
  readonly pause: (ms: number) => Promise<void>;
  readonly onAlarm: (alarm: LedgerAlarm) => void;
  /** A record became durable after its caller was refused. */
  readonly onLateCommit: (prepared: PreparedRecord, leafHash: Uint8Array) => void;
  /** A record whose caller was refused was not stored, and will not be sent again. */
  readonly onDropped: (prepared: PreparedRecord) => void;
  /** A record whose caller had been told already was refused by the store: it is nobody's any more. */
  readonly onRefusedLate: (prepared: PreparedRecord) => void;
  /** Told after every attempt; feeds the breaker. */
  readonly onAttempt: (succeeded: boolean) => void;
}

interface Sent {
  readonly waiting: Waiting;
  readonly leaf: StoredLeaf;
  readonly before: ChainPosition;
}

const firstPauseMs = 25;
const longestPauseMs = 500;

/** Sends one batch and stays with it until its fate is known: same bytes, however often. */
export async function commitBatch(batch: readonly Waiting[], parts: SlotParts): Promise<void> {
  const sent = chainBatch(batch, parts);
  if (!sent) return;
  for (let attempt = 1; ; attempt += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one attempt after the other is the point
    const { outcome, isFirstWord } = await attemptAppend(sent, parts.store);
    parts.onAttempt(outcome.kind === 'durable' || outcome.kind === 'refused');
    switch (outcome.kind) {
      case 'durable':
        for (const { waiting, leaf } of sent) finish(waiting, leaf.leafHash, parts);
        return;
      case 'refused':
        refuseCulprits(sent, outcome, attempt === 1 && isFirstWord, parts);
        return;
      case 'not-persisted':
      case 'unknown':
        parts.onAlarm({ kind: 'store-failing', cause: outcome.cause });
        // oxlint-disable-next-line no-await-in-loop -- the pause keeps a broken store from being hammered
        await parts.pause(Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs));
    }
  }
}

/** Places every record and signs them all at once. A signer that fails leaves nothing sent: every caller is refused. */
function chainBatch(batch: readonly Waiting[], parts: SlotParts): readonly Sent[] | undefined {
  const { lanes, writer, random } = parts;
  try {
    const placed = batch.map((waiting) => {
      const { origin } = waiting.prepared.log;
      const before = lanes.position(origin);
      const record = placeRecord(waiting.prepared, before, writer);
      lanes.advance(origin, { ...before, sequence: record.sequence });
      return { waiting, before, record };
    });
    const statements = placed.map(({ record }) => record.statement.signedPart);
    const proofs = signBatch(statements, (bytes) => writer.sign(bytes), random);
    return placed.map(({ waiting, before, record }, at) => {
      const leaf = storedLeaf(record, withProof(record.statement, proofs[at] as Uint8Array), waiting.isAwaited);
      const { lane, sequence } = record;
      lanes.advance(waiting.prepared.log.origin, { lane, sequence, previous: leaf.leafHash });
      return { waiting, leaf, before };
    });
  } catch (cause) {
    for (const waiting of batch) {
      lanes.abandon(waiting.prepared.log.origin);
      parts.queue.release(waiting);
      waiting.settle({ ok: false, error: 'ledger-unavailable' });
    }
    parts.onAlarm({ kind: 'signer-failed', writer: writer.id, cause: String(cause) });
    return undefined;
  }
}

/** An exception says nothing of what the database did: unknown. An unknown is resolved by reading before anything is sent again. */
async function attemptAppend(
  sent: readonly Sent[],
  store: LedgerStore,
): Promise<{ readonly outcome: AppendOutcome; readonly isFirstWord: boolean }> {
  const outcome = await store
    .append(sent.map(({ leaf }) => leaf))
    .catch((cause: unknown): AppendOutcome => ({ kind: 'unknown', cause: String(cause) }));
  return outcome.kind === 'unknown'
    ? { outcome: await resolveUnknown(sent, store, outcome.cause), isFirstWord: false }
    : { outcome, isFirstWord: true };
}

async function resolveUnknown(sent: readonly Sent[], store: LedgerStore, cause: string): Promise<AppendOutcome> {
  try {
    const found = await Promise.all(sent.map(({ leaf }) => store.find(leaf.tenant, leaf.record)));
    const others = sent.filter(({ leaf }, at) => isOther(found[at], leaf.leafHash));
    if (others.length > 0) {
      return { kind: 'refused', because: 'conflict', records: others.map(({ leaf }) => leaf.record) };
    }
    return found.every((hash) => hash !== undefined) ? { kind: 'durable' } : { kind: 'not-persisted', cause };
  } catch (fault) {
    return { kind: 'unknown', cause: `${cause}; ${String(fault)}` };
  }
}

function isOther(found: Uint8Array | undefined, hash: Uint8Array): boolean {
  return found !== undefined && !sameBytes(found, hash);
}

/**
 * Nothing of the batch is durable. The culprits are refused; the others go again, in a chain that continues where it
 * stood before the batch, or in a new lane when an earlier attempt leaves doubt.
 */
function refuseCulprits(
  sent: readonly Sent[],
  outcome: Extract<AppendOutcome, { kind: 'refused' }>,
  isCertain: boolean,
  parts: SlotParts,
): void {
  for (const { waiting, before } of sent.toReversed()) {
    const { origin } = waiting.prepared.log;
    if (isCertain) parts.lanes.advance(origin, before);
    else parts.lanes.abandon(origin);
  }
  const named = new Set<string>(outcome.records);
  const culprits = sent.filter(({ leaf }) => named.has(leaf.record));
  const refused = outcome.because === 'writer-refused' || culprits.length === 0 ? sent : culprits;
  const refusal: CommitRefusal = outcome.because === 'integrity-hold' ? 'ledger-integrity-hold' : 'ledger-unavailable';
  for (const { waiting } of refused) {
    parts.queue.release(waiting);
    if (waiting.isSettled()) parts.onRefusedLate(waiting.prepared);
    waiting.settle({ ok: false, error: refusal });
  }
  const gone = new Set(refused);
  const again = sent.filter((one) => !gone.has(one));
  for (const { waiting } of again.filter((one) => one.waiting.isSettled())) {
    parts.queue.release(waiting);
    parts.onDropped(waiting.prepared);
  }
  parts.queue.putBack(again.filter(({ waiting }) => !waiting.isSettled()).map(({ waiting }) => waiting));
  parts.onAlarm(alarmOf(outcome, refused, parts));
}

function alarmOf(
  outcome: Extract<AppendOutcome, { kind: 'refused' }>,
  refused: readonly Sent[],
  parts: SlotParts,
): LedgerAlarm {
  switch (outcome.because) {
    case 'conflict':
      return { kind: 'conflict', records: refused.map(({ leaf }) => leaf.record) };
    case 'integrity-hold':
      return {
        kind: 'integrity-hold',
        origins: [...new Set(refused.map(({ waiting }) => waiting.prepared.log.origin))],
      };
    case 'writer-refused':
      return { kind: 'writer-refused', writer: parts.writer.id };
    case 'log-busy':
      return { kind: 'store-failing', cause: 'a log is locked' };
    default:
      return unreachable(outcome.because);
  }
}

function finish(waiting: Waiting, leafHash: Uint8Array, parts: SlotParts): void {
  const wasRefused = waiting.isSettled();
  parts.queue.release(waiting);
  waiting.settle({ ok: true, value: leafHash });
  if (wasRefused) parts.onLateCommit(waiting.prepared, leafHash);
}
