import type { EndpointId, JsonValue, PolicyRef, RedactionStyle } from '@writ/domain';
import type { Effect, RuleObligations } from './program.js';

/** One condition with what the request had. Free text of the caller is shown as present, never quoted. */
export interface Because {
  readonly condition: string;
  readonly actual: JsonValue;
}

export interface MatchedRule {
  readonly rule: string;
  readonly effect: Effect;
  /** In a delegation: the subject for whom it matched. */
  readonly subject?: string;
  readonly because: readonly Because[];
  readonly reason: string;
}

/** The whole story of a decision, for operators. Callers get its code and reason only. */
export interface Explanation {
  readonly decision: 'permit' | 'redact' | 'deny';
  readonly code: string;
  readonly reason?: string;
  readonly policy: PolicyRef;
  readonly factsHash: string;
  readonly catalogueHash: string;
  readonly authorized: readonly EndpointId[];
  readonly permitted: readonly EndpointId[];
  readonly excluded: readonly { readonly endpoint: EndpointId; readonly by: readonly string[] }[];
  readonly matched: readonly MatchedRule[];
  readonly overridden: readonly { readonly rule: string; readonly by: readonly string[] }[];
  readonly unknown: readonly { readonly path: string; readonly cause: string; readonly treatedAs: string }[];
  /** On a deny: the permits that came nearest, and what they failed on. */
  readonly nearMisses: readonly { readonly rule: string; readonly failedOn: readonly Because[] }[];
  readonly redactions: Readonly<Record<string, { readonly style: RedactionStyle; readonly by: readonly string[] }>>;
  readonly obligations: readonly ({ readonly by: string } & RuleObligations)[];
}
