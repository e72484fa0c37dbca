import type { EvidenceLevel, RedactionStyle, ReleaseMode } from '@writ/domain';
import type { Normal } from './expression.js';

export const effects = ['permit', 'deny', 'restrict', 'redact', 'oblige', 'override'] as const;
export type Effect = (typeof effects)[number];

/** Strictest first. */
export const styles = ['drop', 'mask', 'hash', 'token', 'surrogate'] as const satisfies readonly RedactionStyle[];

/** What one rule asks for when it matches; the decision merges them. */
export interface RuleObligations {
  readonly response?: {
    readonly markers: readonly string[];
    readonly redact: readonly string[];
    readonly style: RedactionStyle;
    readonly block: readonly string[];
    readonly mode?: ReleaseMode;
  };
  readonly maxOutputTokens?: number;
  readonly evidence?: EvidenceLevel;
  readonly auditFull?: boolean;
  readonly notify?: readonly string[];
  readonly reviewWithinHours?: number;
  readonly reviewBy?: number;
  readonly requireReview?: readonly { readonly class: string; readonly withinSeconds: number }[];
}

/** A rule after lowering: negation normal form, and `restrict` as a denial of the complement. */
export interface Rule {
  readonly id: string;
  readonly effect: Effect;
  readonly when: Normal;
  /** The endpoints granted (permit), denied (deny, restrict) or in question (redact); absent means all. */
  readonly endpoints?: Normal;
  readonly tags: readonly string[];
  readonly overrides: readonly string[];
  readonly redact?: { readonly classes: readonly string[]; readonly style: RedactionStyle };
  readonly oblige?: RuleObligations;
  /** Sees the classes left after complete redaction instead of the original ones. */
  readonly residual: boolean;
  readonly reason: string;
}

/** What is hashed, compiled and interpreted: the meaning of a document, without its layout, comments and tests. */
export interface Program {
  readonly timezone: string;
  readonly rules: readonly Rule[];
}

/** The answer of a condition of this effect while its fact is unknown: always the one that counts against the request. */
export function answerIfUnknown(effect: Effect): boolean {
  return effect !== 'permit' && effect !== 'override';
}
