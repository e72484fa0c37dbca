/**
 * What one policy says for one subject, before layers and delegations are joined. Arrays run over the rules and over the
 * endpoints, in their order.
 */
export interface Outcome {
  readonly matched: readonly boolean[];
  /** Denials that matched, and that a matching override lifted. */
  readonly lifted: readonly boolean[];
  readonly permitted: readonly boolean[];
  readonly authorized: readonly boolean[];
  /** The endpoints that the `endpoints` of a rule selects under these facts. */
  inQuestion(rule: number): readonly boolean[];
}
