import type { JsonValue } from './json.js';

export type SubjectKind = 'human' | 'agent' | 'workload';

/**
 * The verified user, agent or workload. Every field comes from the credential or from the tenant's own mapping of it;
 * nothing here was asserted by the request.
 */
export interface Subject {
  /** The issuer's `sub`, or the app key's id. */
  readonly id: string;
  readonly kind: SubjectKind;
  readonly issuer: string;
  /** How the credential was verified. */
  readonly method: 'jwt' | 'introspection' | 'mtls' | 'app-key';
  /** The identity connection or app that vouched. */
  readonly connection: string;
  /** SHA-256 of the whole credential, hex: names it without revealing it. */
  readonly credentialThumbprint: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  readonly department?: string;
  /** 0 when the tenant maps none. */
  readonly clearance: number;
  /** Further claims that the tenant's mapping names. */
  readonly attributes: Readonly<Record<string, JsonValue>>;
  /** The app that the credential was issued to (`azp`, `client_id`), when known. */
  readonly app?: string;
  /** RFC 8693: the person an agent acts for. Both are evaluated and the endpoint sets intersected. */
  readonly onBehalfOf?: Subject;
  /** The credential's own expiry, ms since the epoch. */
  readonly expiresAt?: number;
}
