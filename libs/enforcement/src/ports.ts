import type {
  AnswerEvent,
  Ask,
  Classification,
  Credential,
  EndpointId,
  EndpointKey,
  RecordId,
  Refusal,
  RefusalCode,
  RequestId,
  Result,
  Snapshot,
  Subject,
  TenantContext,
  TenantId,
  Usage,
} from '@writ/domain';
import type { AnswerScan, ClassificationClaims, ClearedPrompt, Taxonomy, Tried } from '@writ/classification';
import type { DecisionRecord, DispatchRecord, Ledger, LogContext, Receipt } from '@writ/ledger';
import type { LinkedPolicy } from '@writ/policy';
import type { Permit } from '@writ/domain';
import type { AuthorizedEndpoint, Health, ProviderFault } from '@writ/routing';

/** A tenant's snapshot with what is compiled from it, swapped whole. */
export interface Held {
  readonly snapshot: Snapshot;
  readonly policy: LinkedPolicy;
  /** A version on trial: decided beside the live one and recorded, never enforced. */
  readonly shadow?: LinkedPolicy;
  readonly taxonomy: Taxonomy;
  readonly log: LogContext;
  /** HMAC-SHA-256 hex over domain-separated bytes, under the tenant's key; for stream digests. */
  readonly digestKey: Uint8Array;
}

export interface IdentityPort {
  /** Never trusts what the caller asserts; an exception inside is a refusal, never a default subject. */
  identify(
    credential: Credential,
  ): Promise<Result<{ readonly subject: Subject; readonly tenant: TenantContext }, Refusal>>;
}

export interface SnapshotPort {
  /**
   * From memory in steady state. A stale or missing snapshot refuses; `held` is there when one was held before, so that
   * the deny can still be recorded.
   */
  current(tenant: TenantContext): Promise<Result<Held, { readonly refusal: Refusal; readonly held?: Held }>>;
}

/** One request that is not decided yet, counted until it leaves. Leaving twice is leaving once. */
export interface Place {
  leave(): void;
}

export interface UndecidedPort {
  /**
   * Waits until the tenant has room for one more undecided request, and tenants take turns. Refuses with `request-backpressure`
   * where too many wait, where the wait was too long, and where `hangUp` is aborted meanwhile. Who enters must leave.
   */
  enter(tenant: TenantId, hangUp: AbortSignal): Promise<Result<Place, Refusal>>;
}

export interface ClassifierPort {
  classify(ask: Ask, held: Held): Promise<Classification>;
  /**
   * Reads words of an answer on another thread than the caller's, for `budgetMs` at most; why they were not read, otherwise.
   * Absent where there is no other thread: then every answer is read where it is released.
   */
  readAnswer?(text: string, held: Held, budgetMs: number): Promise<Result<AnswerScan, string>>;
  /**
   * Reads the request by the taxonomy on trial, if there is one, without holding the caller's thread. What the process is
   * too busy for is dropped, and says so.
   */
  tryTaxonomy?(ask: Ask, held: Held): Promise<Tried>;
}

export interface Reservation {
  readonly id: string;
  readonly worstCaseMicros: string;
  /** `degraded` while the shared counters are out. */
  readonly mode: 'shared' | 'degraded';
  /** Header fields such as `x-ratelimit-remaining-requests`. */
  readonly headers: Readonly<Record<string, string>>;
  /** What policy may see of budgets. */
  readonly budget: { readonly class: string; readonly remainingCents: number } | undefined;
  /** The leases of budgets that it is a part of: the decision names them, so that the ledger can say what each was spent for. */
  readonly leases: readonly string[];
  /** False where a model that it could reach has no price, and was taken for the dearest. */
  readonly priced: boolean;
  /** Where a hard budget holds and the caller named no length: the longest answer that was reserved for, by candidate. */
  readonly outputLimits: readonly OutputLimit[];
}

export interface OutputLimit {
  readonly endpoint: EndpointId;
  readonly model: string;
  readonly tokens: number;
}

export interface LimitsPort {
  /** Rates, concurrency and the worst case of money, taken together or not at all, before the decision. */
  reserve(
    tenant: TenantContext,
    subject: Subject,
    ask: Ask,
    snapshot: Snapshot,
    estimatedTokens: number,
  ): Promise<Result<Reservation, Refusal>>;
  /**
   * What the counters are known to answer, without asking them: a refusal that they gave a moment ago and that stands until it
   * said, for a request that needs at least as much. Never a guess; undefined means that they must be asked.
   */
  knownRefusal?(
    tenant: TenantContext,
    subject: Subject,
    ask: Ask,
    snapshot: Snapshot,
    estimatedTokens: number,
  ): Refusal | undefined;
  /** Takes one call out of the provider's own quota for a key; undefined where each process keeps to its share. */
  takeKey?(reservation: Reservation, endpoint: string, key: string | undefined): boolean | undefined;
  /** Idempotent; never fails the request. `usage` undefined means nothing was dispatched. */
  settle(tenant: TenantContext, reservation: Reservation, usage: Usage | undefined, costMicros: string): Promise<void>;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly upstreamRequestId?: string;
  /** Ends after the terminal event. A fault ends it with a `ProviderFailure`; nothing else is thrown. */
  readonly events: AsyncIterable<AnswerEvent>;
}

/** Thrown by `ProviderAnswer.events` when the stream breaks; carries the fault as a value. */
export interface ProviderFailure extends Error {
  readonly fault: ProviderFault;
}

export interface ProviderPort {
  /**
   * Sends the cleared prompt to one authorized endpoint. Demands the committed permit, and the committed dispatch where
   * one is due. Resolves when headers arrived.
   */
  call(
    permit: Receipt<DecisionRecord<Permit>>,
    endpoint: AuthorizedEndpoint,
    prompt: ClearedPrompt,
    how: {
      readonly model: string;
      readonly key: EndpointKey | undefined;
      readonly log: LogContext;
      readonly dispatch: Receipt<DispatchRecord> | undefined;
      readonly maxOutputTokens: number | undefined;
      /** W3C trace context for the provider. */
      readonly traceparent?: string;
      readonly signal: AbortSignal;
    },
  ): Promise<Result<ProviderAnswer, ProviderFault>>;
}

/** Turns canonical events into the bytes of the caller's dialect. One per answer; it keeps the state of the dialect. */
export interface AnswerEncoder {
  readonly contentType: string;
  /** The bytes of one event, or none when the dialect has no such event. */
  encode(event: AnswerEvent): Uint8Array;
  /** The constant event that reports a failure after headers left; never followed by a terminal event. */
  failure(refusal: Refusal, request: string): Uint8Array;
  /** A comment that keeps the connection alive; model-independent. */
  readonly keepAlive: Uint8Array;
}

/** A committed permit as it is told to a caller that calls the model itself. Holds nothing that a model said. */
export interface HandedOver {
  readonly decisionId: RecordId;
  /** Leaf hash of the decision, hex. */
  readonly receipt: string;
  readonly permit: Permit;
  readonly prompt: ClearedPrompt;
}

export interface DialectPort {
  encoder(ask: Ask, answeredModel: string): AnswerEncoder;
  /** The body that answers an evaluation, as JSON. */
  handedOver(decided: HandedOver): Uint8Array;
}

export interface ClockPort {
  nowMs(): number;
  /** Monotonic, for durations. */
  monotonicMs(): number;
  /** Resolves after `ms`; `cancel` lets the process end. */
  after(ms: number): { readonly elapsed: Promise<void>; cancel(): void };
}

export interface IdsPort {
  /** UUIDv7. */
  recordId(): RecordId;
  /** Uniform in [0, 1). */
  random(): number;
}

/** What reviews so far say; `classes` holds what they confirmed, per mille. */
export interface ReviewedAs {
  readonly state: 'none' | 'pending' | 'clear' | 'confirmed';
  readonly classes: Readonly<Record<string, number>>;
}

export interface ReviewRequest {
  readonly id: string;
  readonly request: RequestId;
  /** Digests under the tenant's key, by which a later request is known to go on from this one. */
  readonly keys: readonly string[];
  /** The classification token, and what it claims. */
  readonly token: string;
  readonly claims: ClassificationClaims;
  readonly asked: Readonly<Record<string, number>>;
  /** How many different people the policy wants to say `clear`; 0 when it does not say. */
  readonly people: number;
  /** Tokenised; the port seals it before it goes anywhere. */
  readonly text: string;
}

export interface ReviewPort {
  /** What stands of the reviews that have any of these keys, at most two seconds old. What cannot be known refuses. */
  of(tenant: TenantContext, keys: readonly string[]): Promise<Result<ReviewedAs, RefusalCode>>;
  /** Resolves with ok once the review is durable and somebody will do it. */
  ask(tenant: TenantContext, held: Held, review: ReviewRequest): Promise<Result<void, RefusalCode>>;
  /** The verdict, per mille by class; `undefined` when `signal` was aborted first. */
  verdict(
    tenant: TenantContext,
    id: string,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, number>> | 'failed' | undefined>;
}

export interface SecurityPort {
  /** A refusal before any tenant is known: counted into per-minute aggregates of the platform log, never lost silently. */
  refused(refusal: Refusal, clientAddress: string): void;
}

/** Every socket in the wall. The gateway's wiring plugs adapters in; the simulation plugs twins in. */
export interface Ports {
  readonly identity: IdentityPort;
  readonly undecided: UndecidedPort;
  readonly snapshots: SnapshotPort;
  readonly classifier: ClassifierPort;
  readonly limits: LimitsPort;
  readonly ledger: Ledger;
  readonly providers: ProviderPort;
  readonly dialects: DialectPort;
  readonly health: Health;
  readonly reviews: ReviewPort;
  readonly clock: ClockPort;
  readonly ids: IdsPort;
  readonly security: SecurityPort;
}
