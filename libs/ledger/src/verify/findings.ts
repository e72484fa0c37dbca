/** Exit codes of the verifier; each names what kind of promise is broken. */
export const exitCodes = Object.freeze({
  ok: 0,
  signature: 10,
  root: 11,
  gap: 12,
  fork: 13,
  witness: 14,
  payload: 15,
  chain: 16,
  closing: 17,
  retention: 18,
  time: 19,
  format: 20,
  unanchored: 21,
});

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** One thing that is wrong, and where. */
export interface Finding {
  readonly code: ExitCode;
  /** Index in the log, of a finding about one record. */
  readonly index?: number;
  readonly record?: string;
  readonly what: string;
}

export interface Claim {
  readonly name:
    | 'INTACT'
    | 'COMPLETE'
    | 'CLOSED'
    | 'CONSISTENT'
    | 'WITNESSED'
    | 'TIMESTAMPED'
    | 'DISCLOSED'
    | 'ANCHORED'
    | 'UNANCHORED';
  readonly holds: boolean;
  readonly what: string;
}

export interface Report {
  readonly exit: ExitCode;
  readonly claims: readonly Claim[];
  /** In the order of their weight; the first decides the exit code. At most 1,000. */
  readonly findings: readonly Finding[];
}

/** Thrown inside the verifier when nothing further can be read; becomes the one finding of the report. */
export class Unreadable extends Error {
  constructor(
    readonly code: ExitCode,
    what: string,
  ) {
    super(what);
  }
}
