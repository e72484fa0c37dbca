import type {
  Credential,
  IdentityConnection,
  JsonObject,
  RecordId,
  Refusal,
  Result,
  Snapshot,
  Subject,
  TenantContext,
  TenantId,
} from '@writ/domain';
import type { Ledger, LogContext } from '@writ/ledger';
import type { ExportOrder } from '@writ/postgres';
import type { Control, SqlClient } from '@writ/postgres/control';
import type { Kms } from '@writ/platform';
import type { Facts, RecordedFacts } from '@writ/policy';
import type { Prover, RecordedText, TaskKind, Tasks, WorkshopRefusal } from '@writ/policy/prove';
import type { PriceBook } from '@writ/routing';

/** One check of a credential, what it saw, and the checks below it. */
export interface Explanation {
  readonly label: string;
  readonly outcome: 'pass' | 'fail' | 'skipped' | 'info';
  readonly because: string;
  readonly children: readonly Explanation[];
}

export interface Explained {
  readonly tree: Explanation;
  /** True when every check passed. */
  readonly accepted: boolean;
  readonly roles: readonly string[];
}

export interface IdentityPort {
  identify(
    credential: Credential,
  ): Promise<Result<{ readonly subject: Subject; readonly tenant: TenantContext }, Refusal>>;
  /** The same checks as `identify`, each with its outcome, against a connection that may not be enabled yet. */
  explain(tenant: TenantId, connection: IdentityConnection, token: string): Promise<Explained>;
}

export interface Discovery {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly algorithms: readonly string[];
  readonly introspectionUri?: string;
}

export interface DiscoveryPort {
  /** OpenID Connect Discovery 1.0, through the egress guard. The sentence of a refusal never echoes the target's body. */
  discover(issuer: string): Promise<Result<Discovery, string>>;
}

export interface MailPort {
  send(mail: { readonly to: string; readonly subject: string; readonly text: string }): Promise<void>;
}

export interface TxtPort {
  /** The TXT strings of a name, asked of each resolver; only what a majority answers is returned. */
  txt(name: string): Promise<Result<readonly string[], string>>;
}

export interface PublishPort {
  /** The tenant's own schema, log and grants. Safe to repeat. */
  provision(tenant: TenantId, origin: string): Promise<void>;
  /** Within the caller's transaction: stores the signed snapshot and tells the gateways when it commits. */
  publish(client: SqlClient, snapshot: Snapshot): Promise<void>;
}

export interface EntryView {
  readonly record: string;
  readonly kind: string;
  readonly atMs: number;
  readonly leaf: string;
  readonly leafHash: string;
  readonly index?: number;
}

/** What a taxonomy on trial made of a request, as its decision recorded it. */
export interface TriedTaxonomy {
  readonly candidate: string;
  readonly state: string;
  readonly gained: readonly string[];
  readonly gone: readonly string[];
  readonly added: Readonly<Record<string, number>>;
  readonly removed: Readonly<Record<string, number>>;
  readonly effect?: string;
  readonly changes: readonly string[];
}

export interface DecisionView {
  readonly record: string;
  readonly request: string;
  readonly effect: 'permit' | 'deny';
  readonly code?: string;
  readonly matched: readonly string[];
  readonly classes: readonly string[];
  readonly authorizedEndpoints: readonly string[];
  readonly requestedModel: string;
  readonly policyHash: string;
  readonly policyVersion: number;
  readonly shadow?: { readonly version: number; readonly effect: string; readonly changes: readonly string[] };
  readonly shadowTaxonomy?: TriedTaxonomy;
  readonly atMs: number;
  readonly result?: string;
  readonly entries: readonly EntryView[];
}

export interface CheckpointView {
  readonly origin: string;
  readonly size: number;
  readonly rootHash: string;
  readonly note: string;
  readonly atMs: number;
}

export interface ProofView {
  readonly record: string;
  readonly leaf: string;
  readonly leafHash: string;
  readonly place?: {
    readonly index: number;
    readonly proof: readonly Uint8Array[];
    readonly checkpoint: string;
    readonly size: number;
  };
}

export interface HoldView {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly matter: string;
  readonly placedAtMs: number;
  readonly releasedAtMs?: number;
}

export interface DecisionQuery {
  readonly first: number;
  readonly after?: string;
  readonly effect?: string;
  readonly code?: string;
  readonly class?: string;
  /** Only those that the version on trial would have decided otherwise. */
  readonly shadowDiffers?: boolean;
  /** Only those that this candidate was tried on. */
  readonly taxonomyTried?: string;
  /** Only those that a taxonomy on trial read otherwise. */
  readonly taxonomyDiffers?: boolean;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Facts as decisions rested on them. */
export interface Recorded {
  readonly records: readonly RecordedFacts[];
  /** Decisions in the window without facts that can be read: made before any policy was asked, or erased. */
  readonly unreadable: number;
  /** False when the window holds more than were read. */
  readonly complete: boolean;
}

/** Some of the recorded requests of a window, newest first, with their facts as they were sealed. */
export interface FactPage {
  readonly records: readonly RecordedText[];
  readonly unreadable: number;
  /** The last decision that was looked at; absent when there was none. */
  readonly reached?: string;
  /** True for the last page of a window that was read to its end. */
  readonly complete: boolean;
}

/** What a decision rested on, with what it says of itself, for explaining it again. */
export interface RecordedDecision {
  readonly facts: Facts | undefined;
  readonly snapshotVersion: number;
  readonly policy: { readonly version: number; readonly hash: string; readonly engine: string };
  readonly catalogueHash: string;
  readonly factsHash: string;
}

/** The tenant's ledger, for reading. Whoever calls it has committed an `access.*` record first. */
export interface EvidencePort {
  decision(tenant: TenantContext, record: string): Promise<DecisionView | undefined>;
  /** `searchedTo`: the last record that was looked at, where the search ended before the log did. */
  decisions(
    tenant: TenantContext,
    query: DecisionQuery,
  ): Promise<{ readonly found: readonly DecisionView[]; readonly searchedTo?: string }>;
  proof(tenant: TenantContext, record: string): Promise<ProofView | undefined>;
  holds(tenant: TenantContext): Promise<readonly HoldView[]>;
  /** False when this event of this hold is recorded already. */
  writeHold(
    tenant: TenantContext,
    hold: Pick<HoldView, 'id' | 'from' | 'to' | 'matter'> & {
      readonly event: 'placed' | 'released';
      readonly record: RecordId;
    },
  ): Promise<boolean>;
  /** The index of the log at a time, ms. */
  indexAt(tenant: TenantContext, timeMs: number): Promise<number>;
  retentionClasses(tenant: TenantContext): Promise<readonly { readonly name: string; readonly keep: string }[]>;
  /** Unsealed facts of the newest decisions that match, at most `first`. */
  facts(log: LogContext, query: Omit<DecisionQuery, 'after'>): Promise<Recorded>;
  /** The same from `after` on, page by page, unparsed: as many as a replay asks for. */
  factPages(log: LogContext, query: DecisionQuery): AsyncIterable<FactPage>;
  /** Undefined when there is no such decision. */
  recordedDecision(log: LogContext, record: string): Promise<RecordedDecision | undefined>;
  checkpoints(tenant: TenantContext, first: number): Promise<readonly CheckpointView[]>;
}

export interface ExportPort {
  /** Hands the bundle to `sink` piece by piece; false, with nothing handed out, while the log has no checkpoint. */
  write(tenant: TenantContext, order: ExportOrder, sink: (piece: Uint8Array) => Promise<void>): Promise<boolean>;
}

/** Bundles that a worker has finished and keeps. */
export interface StoredExportPort {
  /**
   * Hands the stored bundle to `sink` piece by piece; false, with nothing handed out, where none is kept. Rejects before the last
   * piece when it is not the one that was made.
   */
  write(tenant: TenantContext, id: string, sink: (piece: Uint8Array) => Promise<void>): Promise<boolean>;
}

/** Reads, tests, proves and replays policies; never on the thread that serves, and each task under a deadline. */
export interface PolicyPort {
  /** On this thread: for the built-in policy only, never for a tenant's text. */
  compile(
    source: string,
    version: number,
  ): Result<{ readonly hash: string; readonly image: string }, readonly PolicyComplaint[]>;
  perform<K extends TaskKind>(
    owner: TenantId,
    kind: K,
    ask: Tasks[K]['ask'],
  ): Promise<Result<Tasks[K]['answer'], WorkshopRefusal>>;
  prover(owner: TenantId): Omit<Prover, 'close'>;
  /** The operators' own layer, where they have one. */
  readonly platform: string | undefined;
}

export interface PolicyComplaint {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly hint?: string;
}

export interface Ports {
  readonly control: Control;
  readonly ledger: Ledger;
  readonly kms: Kms;
  readonly identity: IdentityPort;
  readonly discovery: DiscoveryPort;
  readonly mail: MailPort;
  readonly names: TxtPort;
  readonly publisher: PublishPort;
  readonly evidence: EvidencePort;
  /** What vendors ask for, as it came with this build. */
  readonly priceBook: PriceBook;
  readonly exporter: ExportPort;
  readonly storedExports: StoredExportPort;
  readonly policy: PolicyPort;
  /** Signs a statement with the deployment's export key, as a compact JWS. */
  readonly certify: (statement: JsonObject) => string;
  /** Checks a tenant's URL when it is written: form, name, and every address it resolves to. */
  readonly checkUrl: (url: string) => Promise<Result<URL, string>>;
  /** Tells the operators of a failure whose text the caller does not see; the request id joins the two. */
  readonly report: (cause: unknown, request: string) => void;
  readonly nowMs: () => number;
  /** UUIDv7. */
  readonly newId: () => string;
  /** A uniform integer below `limit`, from the system's secure source. */
  readonly randomBelow: (limit: number) => number;
}
