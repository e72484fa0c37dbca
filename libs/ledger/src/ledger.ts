import type { EvidenceLevel, RecordId, RefusalCode, Result, TenantContext, TenantId } from '@writ/domain';
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
}

/** One signed leaf on its way to the store. The id is fixed before the first send: a retry sends the same bytes. */
export interface StoredLeaf {
  readonly tenant: TenantId;
  readonly record: RecordId;
  readonly request?: string;
  readonly kind: LedgerRecord['kind'];
  readonly keep: string;
  /** JWS compact string, ASCII. */
  readonly leaf: Uint8Array;
  readonly sealed?: Uint8Array;
}

/**
 * How one shared transaction ended. `durable`: COMMIT returned cleanly, for each leaf whether it was new or already
 * there with the same bytes. `unknown` must be resolved with `find`, never by cancelling.
 */
export type AppendOutcome =
  | { readonly kind: 'durable' }
  | {
      readonly kind: 'refused';
      readonly because: 'integrity-hold' | 'writer-refused' | 'conflict';
      readonly records: readonly RecordId[];
    }
  | { readonly kind: 'not-persisted'; readonly cause: string }
  | { readonly kind: 'unknown'; readonly cause: string };

/** The database, as the ledger sees it. Implemented by `postgres` and by the in-memory twin; one contract suite for both. */
export interface LedgerStore {
  append(leaves: readonly StoredLeaf[]): Promise<AppendOutcome>;
  /** SHA-256 leaf hash (RFC 6962) of a committed record, or undefined when it is certainly absent. */
  find(tenant: TenantId, record: RecordId): Promise<Uint8Array | undefined>;
}

export type CommitRefusal = Extract<
  RefusalCode,
  'ledger-unavailable' | 'ledger-backpressure' | 'ledger-integrity-hold'
>;

export interface Ledger {
  /**
   * Resolves to a receipt once `record` is durable at `level`, and MUST NOT resolve sooner: prompts leave on the
   * strength of it. Refuses after `deadlineMs`; a refused record may still become durable later, and the sweeper closes it.
   */
  commit<R extends LedgerRecord>(
    log: LogContext,
    record: R,
    options: { readonly level: EvidenceLevel; readonly deadlineMs: number },
  ): Promise<Result<Receipt<R>, CommitRefusal>>;
}
