import type { EndpointId } from './ids.js';

/** Strictest first: where two rules redact one class, the earlier in this list wins. */
export type RedactionStyle = 'drop' | 'mask' | 'hash' | 'token' | 'surrogate';

/** How the answer's bytes may leave. `window` inspects and records windows; `full` the whole; see the architecture. */
export type ReleaseMode = 'window' | 'full' | 'terminal';
export type EvidenceLevel = 'committed' | 'receipted' | 'witnessed';

export interface Redaction {
  readonly class: string;
  readonly style: RedactionStyle;
  /** The rules that ask for it, sorted. */
  readonly by: readonly string[];
}

/** What must be done if permitted. All lists are sorted; empty means nothing to do. */
export interface Obligations {
  readonly redactions: readonly Redaction[];
  readonly response: {
    readonly redactions: readonly Redaction[];
    /** Classes that withhold the answer. */
    readonly block: readonly string[];
    readonly markers: readonly string[];
    readonly mode: ReleaseMode;
  };
  readonly maxOutputTokens?: number;
  readonly evidence: EvidenceLevel;
  readonly auditFull: boolean;
  readonly notify: readonly string[];
  readonly reviewWithinHours?: number;
  /** So many different people must say `clear` before a review that this permit asks for is; one says `confirmed`. */
  readonly reviewBy?: number;
  readonly requireReview: readonly { readonly class: string; readonly withinSeconds: number }[];
}

/** Identifies exactly which policy decided, so that a replay gives the same decision for ever. */
export interface PolicyRef {
  readonly name: string;
  readonly version: number;
  /** `sha256:` and hex, over the canonical lowered rules. */
  readonly hash: string;
  readonly engine: string;
}

interface DecisionBase {
  readonly policy: PolicyRef;
  /** Ids of the rules that matched, in document order. */
  readonly matched: readonly string[];
  /** `sha256:` and hex of the canonical facts. */
  readonly factsHash: string;
  readonly catalogueHash: string;
}

/** A permit; people read it as *permit*, or as *redact* when `obligations.redactions` is not empty. */
export interface Permit extends DecisionBase {
  readonly effect: 'permit';
  /** Never empty, sorted: the router cannot leave this set. */
  readonly authorizedEndpoints: readonly EndpointId[];
  readonly obligations: Obligations;
}

export interface Deny extends DecisionBase {
  readonly effect: 'deny';
  /** A stable code, such as `no-permit`, `denied-by-rule`, `classification-incomplete`, `rate-limited`. */
  readonly code: string;
  /** One sentence that tells who can mend it; free of request content. */
  readonly reason: string;
}

export type Decision = Permit | Deny;

export const noObligations: Obligations = Object.freeze<Obligations>({
  redactions: [],
  response: { redactions: [], block: [], markers: [], mode: 'window' },
  evidence: 'committed',
  auditFull: false,
  notify: [],
  requireReview: [],
});
