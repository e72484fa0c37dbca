import type { Alias, Endpoint, EndpointKey, Permit, RefusalCode, Result } from '@writ/domain';

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

declare const authorized: unique symbol;
/** An endpoint that a permit authorizes. Only `choose` makes one, so a router cannot leave the set. */
export interface AuthorizedEndpoint extends Endpoint {
  readonly [authorized]: Permit;
}

export interface Attempt {
  readonly number: number;
  readonly endpoint: AuthorizedEndpoint;
  readonly model: string;
  readonly key: EndpointKey | undefined;
  /** primary, fallback:<fault class>, key-rotation, retry */
  readonly reason: string;
}

/** What the process knows of its endpoints and keys; shared through Redis where it can be. */
export interface Health {
  /** False while the (endpoint, key) cools down, is quarantined, or its breaker is open. */
  usable(endpoint: string, key: string | undefined, nowMs: number): boolean;
  /** Exponentially weighted mean of time to first byte, ms; undefined when never measured. */
  latencyMs(endpoint: string): number | undefined;
  report(
    endpoint: string,
    key: string | undefined,
    fault: ProviderFault | undefined,
    milliseconds: number,
    nowMs: number,
  ): void;
  /** One retry out of the budget (at most a tenth of the traffic); false when spent. */
  takeRetry(nowMs: number): boolean;
}

/** The attempts of one request, in order, each inside the permit's set. */
export interface Route {
  next(previous: ProviderFault | undefined, nowMs: number): Attempt | undefined;
}

export interface RouteNeeds {
  readonly model: string;
  readonly aliases: readonly Alias[];
  readonly endpoints: readonly Endpoint[];
  readonly random: () => number;
  readonly nowMs: number;
}

export declare function choose(
  permit: Permit,
  needs: RouteNeeds,
  health: Health,
): Result<Route, Extract<RefusalCode, 'no-authorized-endpoint' | 'no-healthy-endpoint' | 'model-unknown'>>;
/** True when `endpoint` was authorized by exactly this permit. */
export declare function isAuthorizedBy(endpoint: AuthorizedEndpoint, permit: Permit): boolean;
