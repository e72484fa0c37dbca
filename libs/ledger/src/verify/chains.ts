import { type Finding, exitCodes } from './findings.js';
import type { VerifiedRecord } from './record.js';

const none = '0'.repeat(64);

/** The last record of a lane; `skippedBefore` counts the unreadable leaves of the log before it. */
interface LaneEnd {
  readonly sequence: number;
  readonly leafHash: string;
  readonly previous: string;
  readonly batch: string | undefined;
  readonly skippedBefore: number;
}

/**
 * Every writer lane numbers its records from 1 and names the one before, or, where a batch shares a signature, the
 * last one of the batch before. A record that was dropped, moved or put in
 * later shows here even when someone rebuilt the whole tree.
 */
export class WriterChains {
  readonly #ends = new Map<string, LaneEnd>();
  readonly #absent = new Set<string>();
  #skipped = 0;
  readonly #records = new Map<string, number>();
  readonly #finished = new Map<string, { readonly index: number; readonly event: string }>();

  /** `fromStart`: the range begins at index 0, so that every lane must begin at 1. */
  constructor(private readonly fromStart: boolean) {}

  /** A leaf that cannot be read: what it says of its chain is unknown, its hash is not. */
  skip(leafHash: string): void {
    this.#absent.add(leafHash);
    this.#skipped += 1;
  }

  isAbsent(leafHash: string): boolean {
    return this.#absent.has(leafHash);
  }

  get hasAbsent(): boolean {
    return this.#absent.size > 0;
  }

  add(record: VerifiedRecord): Finding | undefined {
    const fault = this.#faultOf(record);
    const { sequence, leafHash, previous, batch } = record;
    this.#ends.set(record.lane, { sequence, leafHash, previous, batch, skippedBefore: this.#skipped });
    this.#records.set(record.rid, record.index);
    this.#noteEndOfWriter(record);
    return fault === undefined
      ? undefined
      : { code: exitCodes.chain, index: record.index, record: record.rid, what: fault };
  }

  #faultOf({ rid, lane, writer, sequence, previous, batch }: VerifiedRecord): string | undefined {
    const twin = this.#records.get(rid);
    if (twin !== undefined) return `the record id is also that of index ${twin}`;
    const finished = this.#finished.get(writer);
    if (finished) return `${writer} wrote after its ${finished.event} at index ${finished.index}`;
    const end = this.#ends.get(lane);
    if (end) {
      const isNamed = previous === (batch !== undefined && batch === end.batch ? end.previous : end.leafHash);
      const missing = sequence - end.sequence - 1;
      if (missing === 0 && isNamed) return undefined;
      if (missing > 0 && this.#absent.has(previous)) return undefined;
      if (missing > 0 && isNamed && this.#mayLack(missing, end.skippedBefore, batch)) return undefined;
      return `${lane} goes from ${end.sequence} to ${sequence}, or names another record as the one before`;
    }
    if (sequence === 1) return previous === none ? undefined : `${lane} begins with a record before its first`;
    if (!this.fromStart || this.#absent.has(previous)) return undefined;
    if (previous === none && this.#mayLack(sequence - 1, 0, batch)) return undefined;
    return `${lane} begins at ${sequence}: what it wrote before is missing`;
  }

  /** Records of one batch name none of each other: those that lack must at least be as many as leaves are absent since. */
  #mayLack(missing: number, skippedBefore: number, batch: string | undefined): boolean {
    return batch !== undefined && this.#skipped - skippedBefore >= missing;
  }

  #noteEndOfWriter({ kind, index, payload }: VerifiedRecord): void {
    const { name, fields } = payload;
    if (kind !== 'event' || (name !== 'writer.closed' && name !== 'writer.lost')) return;
    const writer = (fields as { readonly w?: unknown } | undefined)?.w;
    if (typeof writer === 'string') this.#finished.set(writer, { index, event: name });
  }
}
