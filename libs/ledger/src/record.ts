import type {
  Action,
  Classification,
  Decision,
  Dialect,
  Deny,
  EndpointId,
  FinishReason,
  JsonObject,
  Permit,
  RecordId,
  RefusalCode,
  RequestId,
  Subject,
  Usage,
} from '@writ/domain';

/**
 * What the rooms above say happened. The ledger adds the envelope (log, writer, sequence, previous leaf, time, nonce),
 * turns identities, addresses and texts into commitments, seals their values and signs. Nothing here is stored in clear
 * unless the table of the ledger's README says so.
 */
export interface DecisionRecord<D extends Decision = Permit | Deny> {
  readonly kind: 'decision';
  readonly id: RecordId;
  readonly request: RequestId;
  readonly decision: D;
  readonly subject: Subject;
  readonly snapshotVersion: number;
  readonly action: Action;
  readonly route: string;
  readonly dialect: Dialect;
  readonly requestedModel: string;
  readonly stream: boolean;
  readonly tools: readonly string[];
  readonly classification: Classification | undefined;
  /** What deeper reviews said, beside the inline result and never instead of it. */
  readonly reviewed?: { readonly state: string; readonly classes: Readonly<Record<string, number>> };
  /** The refusal that a deny is answered with; absent on a permit. */
  readonly refusal?: RefusalCode;
  readonly prompt: {
    readonly text: string;
    readonly redactedText?: string;
    readonly bytes: number;
    readonly estimatedTokens: number;
  };
  readonly clientAddress: string;
  readonly userAgent: string;
  readonly receivedAt: number;
  /** The worst case reserved before the decision, micro-units as a decimal string. */
  readonly reservedMicros: string;
  /** The leases of budgets that it was reserved from; each holds the whole of it. */
  readonly budgetLeases?: readonly string[];
  readonly idempotencyKey?: string;
  readonly justification?: string;
  /** The facts that the policy decided on, canonical JSON: committed and sealed, so that a replay is exact and erasable. */
  readonly facts?: string;
  /** What a version on trial would have decided otherwise; it never decides. */
  readonly shadow?: ShadowDecision;
  /** What a taxonomy on trial made of the request; it never decides. Absent where none was tried on it. */
  readonly shadowTaxonomy?: ShadowTaxonomy;
}

/** Classes and counts, which say no more of the content than the classification beside them. */
export type ShadowTaxonomy =
  /** Not compared: dropped because the process was busy, not there in time, a candidate that does not load, or one that threw. */
  | { readonly version: string; readonly state: 'busy' | 'late' | 'damaged' | 'failed' }
  | {
      readonly version: string;
      readonly state: 'read';
      /** Classes that only the candidate found, and those that only the live taxonomy found. */
      readonly gained: readonly string[];
      readonly gone: readonly string[];
      /** Findings that only the candidate has, and those that only the live taxonomy has, by class. */
      readonly added: Readonly<Record<string, number>>;
      readonly removed: Readonly<Record<string, number>>;
      /** What the policy in force would have decided by it, and how that differs; absent where no policy was asked. */
      readonly effect?: 'permit' | 'deny';
      readonly changes?: readonly string[];
    };

export interface ShadowDecision {
  readonly version: number;
  readonly hash: string;
  readonly effect: 'permit' | 'deny';
  /** How it differs from the decision made; empty when it does not. */
  readonly changes: readonly string[];
}

/** Which endpoint, before data leaves. */
export interface DispatchRecord {
  readonly kind: 'dispatch';
  readonly id: RecordId;
  readonly request: RequestId;
  /** Leaf hash of the decision, hex. */
  readonly decisionLeaf: string;
  readonly attempt: number;
  readonly endpoint: EndpointId;
  readonly provider: string;
  readonly region: string;
  readonly model: string;
  readonly reason: string;
  /** The prompt as it leaves: the commitment proves what was sent. */
  readonly clearedPrompt: string;
}

/** One released window of a streamed answer. */
export interface SegmentRecord {
  readonly kind: 'segment';
  readonly id: RecordId;
  readonly request: RequestId;
  readonly decisionLeaf: string;
  /** From 1, without gap. */
  readonly window: number;
  /** Bytes of the HTTP body that this window holds: from (inclusive) and to (exclusive). */
  readonly from: number;
  readonly to: number;
  readonly events: number;
  /** d_k = HMAC(tenant key, d_(k-1) || bytes), hex. */
  readonly digest: string;
}

export interface AttemptSummary {
  readonly attempt: number;
  readonly endpoint: EndpointId;
  readonly model: string;
  readonly result: string;
  /** Why here: primary, fallback, key rotation or retry. */
  readonly reason?: string;
  /** The id of the key in the endpoint's pool. */
  readonly key?: string;
  readonly status?: number;
  readonly upstreamRequestId?: string;
  readonly milliseconds: number;
}

export type OutcomeResult =
  | 'completed'
  | 'denied'
  | 'upstream-error'
  | 'answer-withheld'
  | 'caller-disconnected'
  | 'ledger-unavailable'
  | 'not-dispatched'
  /** The caller asked for the decision alone: it was handed over, and this gateway sent nothing. */
  | 'decision-only'
  | 'indeterminate';

/** Closes a decision: every decision has exactly one closing outcome. */
export interface OutcomeRecord {
  readonly kind: 'outcome';
  readonly id: RecordId;
  readonly request: RequestId;
  readonly decisionLeaf: string;
  readonly dispatchLeaves: readonly string[];
  readonly result: OutcomeResult;
  readonly refusal?: RefusalCode;
  readonly attempts: readonly AttemptSummary[];
  readonly reportedModel?: string;
  readonly finishReason?: FinishReason;
  readonly usage?: Usage;
  readonly costMicros?: string;
  readonly priceVersion?: string;
  readonly response?: {
    readonly text: string;
    readonly bytes: number;
    readonly windows: number;
    readonly digest: string;
    readonly classification: Classification | undefined;
    readonly redactions: number;
    /** Events that came after the provider's terminal one and were dropped. */
    readonly droppedEvents: number;
  };
  readonly phasesMs: Readonly<Record<string, number>>;
  /** Bytes handed to the socket by then; what the caller received is unknown. */
  readonly handedToSocketBytes: number;
  /** Set when the ledger was out when it was due: the answer was destroyed, and this is written afterwards. */
  readonly late?: true;
}

/** Everything that is not one request: `admin.policy-published`, `access.export`, `hold.placed`, `writer.enrolled` … */
export interface EventRecord {
  readonly kind: 'event';
  readonly id: RecordId;
  readonly name: string;
  /** Who did it; committed and sealed, never clear. */
  readonly actor: string;
  /** Clear fields. No personal data, no content, no secret. */
  readonly fields: JsonObject;
  /** Why, in the words of whoever did it: free text, so committed and sealed, never clear. */
  readonly reason?: string;
}

export type LedgerRecord = DecisionRecord | DispatchRecord | SegmentRecord | OutcomeRecord | EventRecord;
