import type { JsonValue, SubjectKind } from '@writ/domain';

/** What policy knows of a subject; from the verified credential only. */
export interface SubjectFacts {
  readonly id: string;
  readonly kind: SubjectKind;
  readonly issuer: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  readonly department?: string;
  readonly clearance: number;
  readonly attributes: Readonly<Record<string, JsonValue>>;
  readonly onBehalfOf?: SubjectFacts;
}

/** What classification found; `undefined` as a whole when it is incomplete or failed, so that every rule on it is unknown. */
export interface DataFacts {
  /** Per-mille score by class. */
  readonly classes: Readonly<Record<string, number>>;
  readonly detectors: readonly string[];
  /** Classes left after complete redaction of the spans; for rules with `sees: residual`. */
  readonly residual: Readonly<Record<string, number>>;
  /** Classes found without a span, which cannot be redacted. */
  readonly spanless: readonly string[];
  readonly deep: 'none' | 'pending' | 'clear' | 'confirmed';
  readonly attachments: readonly string[];
}

/**
 * The facts a decision rests on: built once per request, frozen, hashed, and stored in the record. Integers only: scores
 * per mille, money in cents, time in minutes. The same facts and policy hash give the same decision for ever.
 */
export interface Facts {
  readonly schema: 1;
  readonly subject: SubjectFacts;
  readonly tenant: {
    readonly id: string;
    readonly plan?: string;
    readonly industry?: string;
    readonly region?: string;
  };
  readonly data: DataFacts | undefined;
  readonly request: {
    readonly route: string;
    readonly model: string;
    readonly tools: readonly string[];
    readonly mcpServers: readonly string[];
    readonly stream: boolean;
    readonly estimatedTokens: number;
    /** Whether every endpoint that could serve the model has a price for it; undefined where nobody looked, which is unknown. */
    readonly priced?: boolean;
    /** Asserted by the caller, only ever shown as present. */
    readonly justification?: string;
    readonly metadata: Readonly<Record<string, string>>;
  };
  /** Ms since the epoch, read once per request; the policy's time zone turns it into minute, weekday and date. */
  readonly atMs: number;
  /** Declared outside sources; `undefined` means late or failed, which is unknown. */
  readonly budget: { readonly class: string; readonly remainingCents: number } | undefined;
  readonly ext: Readonly<Record<string, JsonValue | undefined>>;
}
