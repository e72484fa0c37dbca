import type { RecordId, TenantId } from '@writ/domain';
import type { BatchEvidence } from '@writ/ledger';
import { uuidArray } from './binary-arrays.js';
import { type BatchRow, batchIn } from './evidence-of-record.js';
import { type PlanePool, rowsOf } from './plane.js';

interface Waiter {
  readonly tenant: TenantId;
  readonly record: RecordId;
  /** On the clock of `performance.now`. */
  readonly until: number;
  readonly settle: (evidence: BatchEvidence | undefined) => void;
  readonly fail: (cause: unknown) => void;
}

/** The sequencer takes an awaited log up at its next tick, some twenty milliseconds after the last. */
const pauseMs = 12;
/** Records of one question. */
const lookedForAtOnce = 256;

/**
 * Where records stand in their trees, for everybody in this process who waits for it: one question for all of them, again and again
 * while somebody waits. It asks and is not told, because only sequencers notify: a notice takes a lock of the whole database.
 */
export class InclusionWatch {
  readonly #plane: PlanePool;
  #waiters: readonly Waiter[] = [];
  #isLooking = false;

  constructor(plane: PlanePool) {
    this.#plane = plane;
  }

  /** Undefined when `withinMs` passed first; asks once in any case. Rejects when the database does not answer. */
  batchOf(tenant: TenantId, record: RecordId, withinMs: number): Promise<BatchEvidence | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<BatchEvidence | undefined>();
    const until = performance.now() + withinMs;
    this.#waiters = [...this.#waiters, { tenant, record, until, settle: resolve, fail: reject }];
    if (!this.#isLooking) void this.#look();
    return promise;
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    while (this.#waiters.length > 0) {
      const asked = this.#waiters;
      this.#waiters = [];
      const left: Waiter[] = [];
      for (let at = 0; at < asked.length; at += lookedForAtOnce) {
        // oxlint-disable-next-line no-await-in-loop -- each question follows the one before it
        left.push(...(await this.#ask(asked.slice(at, at + lookedForAtOnce))));
      }
      this.#waiters = [...left, ...this.#waiters];
      if (left.length === 0) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, pauseMs);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await promise;
    }
    this.#isLooking = false;
  }

  /** Those who go on waiting. */
  async #ask(asked: readonly Waiter[]): Promise<readonly Waiter[]> {
    try {
      const rows = await rowsOf<BatchRow & { readonly record_id: RecordId }>(
        this.#plane,
        'SELECT record_id, first_idx, size_after, leaf_hashes, frontier, note FROM ledger.inclusions($1, $2)',
        [uuidArray(asked.map(({ tenant }) => tenant)), uuidArray(asked.map(({ record }) => record))],
      );
      const found = new Map(rows.map((row) => [row.record_id, batchIn(row)]));
      const latest = performance.now() + pauseMs;
      return asked.filter(({ record, until, settle }) => {
        const evidence = found.get(record);
        if (evidence === undefined && until > latest) return true;
        settle(evidence);
        return false;
      });
    } catch (cause) {
      for (const { fail } of asked) fail(cause);
      return [];
    }
  }
}
