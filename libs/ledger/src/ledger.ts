import type { EvidenceLevel, RecordId, RefusalCode, Result, TenantContext, TenantId } from '@writ/domain';
import type { EpochProof } from './epoch.js';
import type { Receipt } from './receipt.js';
import type { LedgerRecord } from './record.js';

/** What the ledger needs to know of a tenant to write its log. Made where the snapshot is loaded. */
export interface LogContext {
  readonly tenant: TenantContext;
  /** C2SP origin line of the tenant's log. */
  readonly origin: string;
  /** 32 bytes: commitments and stream digests. */
  readonly hmacKey: Uint8Array;
  /** 32 bytes: wraps the per-record content keys. */
  readonly contentKey: Uint8Array;
  /** Retention class written into every record, e.g. `y6`. */
  readonly keep: string;
  /** Bytes of content that are sealed; absent means `redacted`. Identities, addresses and salts are sealed in any case. */
  readonly content?: ContentPolicy;
  /** True while a legal hold covers everything the tenant writes. */
  readonly hold?: boolean;
}

/**
 * `none`: commitments and lengths; `redacted`: the redacted text too (never for PHI, PCI or SECRET); `full`: all of it.
 * A permit with the obligation `auditFull` counts as `full` for its request.
 */
export type ContentPolicy = 'none' | 'redacted' | 'full';

/** One signed leaf on its way to the store. The id is fixed before the first send: a retry sends the same bytes. */
export interface StoredLeaf {
  readonly tenant: TenantId;
  readonly record: RecordId;
  readonly request?: string;
  readonly kind: LedgerRecord['kind'];
  readonly keep: string;
  /** Signed record of version 2 (FORMAT.md), ASCII; at most 60 KiB. */
  readonly leaf: Uint8Array;
  /** RFC 6962 leaf hash of `leaf`: what `find` answers, what `decisionLeaf` names, and `prev` of the next batch. */
  readonly leafHash: Uint8Array;
  /** Writer id and lane, `<writer>/<lane>`; the enrolment covers the part before the slash. */
  readonly writer: string;
  /** `wseq`: from 1, without gap per (tenant, writer lane), in the order the store receives the leaves. */
  readonly writerSequence: number;
  /** Set on a decision. An open permit is one that no outcome of the same request follows. */
  readonly effect?: 'permit' | 'deny';
  /** Set when its caller waits for a receipt of the tree: the log must not gather before it is sequenced. */
  readonly isAwaited?: true;
  /** Ciphertext of values and salts; the leaf holds its SHA-256. Stored beside the leaf, pruned with it. */
  readonly sealed?: Uint8Array;
  /** The key of `sealed`, wrapped. Stored apart from the log, so that erasing a subject deletes it. */
  readonly wrappedKey?: { readonly subjectRef: string; readonly wrapped: Uint8Array };
}

/**
 * How one shared transaction ended. `durable`: COMMIT returned cleanly, for each leaf whether it was new or already
 * there with the same bytes. `refused`: rolled back, nothing of the call is durable, `records` are the culprits;
 * `log-busy` names those of a log that is locked, so that the others of the batch need not wait for it.
 * `not-persisted`: certainly rolled back or never begun; sent again with the same bytes. `unknown` must be resolved with
 * `find`, never by cancelling.
 */
export type AppendOutcome =
  | { readonly kind: 'durable' }
  | {
      readonly kind: 'refused';
      readonly because: 'integrity-hold' | 'writer-refused' | 'conflict' | 'log-busy';
      readonly records: readonly RecordId[];
    }
  | { readonly kind: 'not-persisted'; readonly cause: string }
  | { readonly kind: 'unknown'; readonly cause: string };

/** The database, as the ledger sees it. Implemented by `postgres` and by the in-memory twin; one contract suite for both. */
export interface LedgerStore {
  append(leaves: readonly StoredLeaf[]): Promise<AppendOutcome>;
  /** SHA-256 leaf hash (RFC 6962) of a committed record, or undefined when it is certainly absent. */
  find(tenant: TenantId, record: RecordId): Promise<Uint8Array | undefined>;
  /**
   * The tree batch that holds a committed record, once the sequencer has written it; undefined when `withinMs` passed
   * first. Without it the levels above `committed` are refused.
   */
  inclusion?(tenant: TenantId, record: RecordId, withinMs: number): Promise<BatchEvidence | undefined>;
  /** An epoch that holds a head with the record in it, once witnesses have cosigned it; undefined when `withinMs` passed first. */
  witnessed?(tenant: TenantId, record: RecordId, withinMs: number): Promise<WitnessEvidence | undefined>;
}

/** What proves a record's inclusion: the compact range before its batch, the batch's leaf hashes, the signed checkpoint after. */
export interface BatchEvidence {
  readonly firstIndex: number;
  readonly sizeAfter: number;
  /** 32 bytes each, concatenated. */
  readonly leafHashes: Uint8Array;
  /** Compact range of the tree of `firstIndex` leaves, leftmost (largest) subtree first, 32 bytes each. */
  readonly frontier: Uint8Array;
  /** C2SP checkpoint, signed note. */
  readonly note: string;
}

/** What proves that witnesses have seen a record: its inclusion, a later head of its log, and the cosigned epoch with that head. */
export interface WitnessEvidence {
  readonly batch: BatchEvidence;
  /** Signed checkpoint of the log, as large as the batch's or larger. */
  readonly head: string;
  /** RFC 6962 consistency proof from the batch's size to the head's. */
  readonly consistency: readonly Uint8Array[];
  readonly epoch: EpochProof;
  /** Checkpoint of the epoch log with its cosignatures. */
  readonly epochNote: string;
}

export type CommitRefusal = Extract<
  RefusalCode,
  'ledger-unavailable' | 'ledger-backpressure' | 'ledger-integrity-hold'
>;

export interface Ledger {
  /**
   * Resolves to a receipt once `record` is durable at `level`, and MUST NOT resolve sooner: prompts leave on the
   * strength of it. Refuses after `deadlineMs`, and for `witnessed` after `limits.witnessMs` more; a refused record may still become durable later: a permit is then
   * closed as not dispatched, and an outcome is kept until it is durable, marked late.
   */
  commit<R extends LedgerRecord>(
    log: LogContext,
    record: R,
    options: { readonly level: EvidenceLevel; readonly deadlineMs: number },
  ): Promise<Result<Receipt<R>, CommitRefusal>>;
}
