import type { Endpoint, Permit } from '@writ/domain';

declare const authorized: unique symbol;
/** An endpoint that a permit authorizes. Only `choose` makes one, so a router cannot leave the set. */
export interface AuthorizedEndpoint extends Endpoint {
  readonly [authorized]: Permit;
}

/** The proof itself. A cast can please the compiler, but it puts nothing in here. */
const permitOf = new WeakMap<object, Permit>();

/** Undefined when the permit does not name the endpoint. Private to this lib: `choose` is its only caller. */
export function authorize(endpoint: Endpoint, permit: Permit): AuthorizedEndpoint | undefined {
  if (!permit.authorizedEndpoints.includes(endpoint.id)) return undefined;
  const issued = Object.freeze({ ...endpoint }) as AuthorizedEndpoint;
  permitOf.set(issued, permit);
  return issued;
}

/** True when `endpoint` was authorized by exactly this permit; false for a copy, a cast, and another request's endpoint. */
export function isAuthorizedBy(endpoint: AuthorizedEndpoint, permit: Permit): boolean {
  return permitOf.get(endpoint) === permit && permit.authorizedEndpoints.includes(endpoint.id);
}
