import type { ChangeKind } from './changes.js';
import type { Explanation } from './explanation.js';

export interface ChangeExample {
  readonly id: string;
  readonly before: Explanation;
  readonly after: Explanation;
}

export interface ChangeGroup {
  readonly kind: ChangeKind;
  /** The rules that stopped and started to matter: `before -> after`. */
  readonly rules: string;
  readonly count: number;
}

export interface SimulationReport {
  readonly requests: number;
  readonly changed: number;
  readonly counts: Readonly<Record<ChangeKind, number>>;
  readonly groups: readonly ChangeGroup[];
  readonly examples: Readonly<Record<ChangeKind, readonly ChangeExample[]>>;
  /** Requests whose facts lack a source that was unavailable when they were recorded. */
  readonly withUnknownFacts: number;
  /**
   * The facts that the newer version names and that were unknown in these requests, most often first: a source that had
   * failed, or an attribute that there was not yet when they were recorded.
   */
  readonly unknownFacts: readonly UnknownFact[];
}

export interface UnknownFact {
  /** As rules write it, such as `request.priced` or `class("PHI")`. */
  readonly path: string;
  readonly requests: number;
}
