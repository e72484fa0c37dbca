/** One table for every provider's errors; see the design's section on routing. */
export type FaultClass =
  | 'rate-limited'
  | 'credential'
  | 'billing'
  | 'unavailable'
  | 'context-too-long'
  | 'malformed'
  | 'not-found'
  | 'filtered'
  | 'broken-stream';

export interface ProviderFault {
  readonly class: FaultClass;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** For the record and the operational log; never a prompt or a key. */
  readonly detail: string;
  readonly upstreamRequestId?: string;
}
