import { type Result, err, ok } from './result.js';

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A tenant's UUID, lower case with hyphens. */
export type TenantId = Branded<string, 'TenantId'>;
/** A record's UUIDv7: fixed before the first send, so that a retry sends the same record. */
export type RecordId = Branded<string, 'RecordId'>;
/** One request's UUIDv7; every record of the request carries it. */
export type RequestId = Branded<string, 'RequestId'>;
/** The tenant's own name for an endpoint, `[a-z0-9][a-z0-9-]{0,62}`; unique within the tenant. */
export type EndpointId = Branded<string, 'EndpointId'>;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const endpointName = /^[a-z0-9][a-z0-9-]{0,62}$/;

export function parseTenantId(text: string): Result<TenantId, string> {
  return uuid.test(text) ? ok(text as TenantId) : err('a tenant id is a lower-case UUID');
}

export function parseRecordId(text: string): Result<RecordId, string> {
  return uuid.test(text) ? ok(text as RecordId) : err('a record id is a lower-case UUID');
}

export function parseRequestId(text: string): Result<RequestId, string> {
  return uuid.test(text) ? ok(text as RequestId) : err('a request id is a lower-case UUID');
}

export function parseEndpointId(text: string): Result<EndpointId, string> {
  return endpointName.test(text)
    ? ok(text as EndpointId)
    : err('an endpoint id is 1 to 63 of a-z, 0-9 and hyphen, and starts with a letter or digit');
}
