import { createHash } from 'node:crypto';
import type { Subject, TenantContext } from '@writ/domain';
import { GraphQLError } from 'graphql';
import type { Permission } from './permissions.js';

/** Who calls, from the verified credential only. Only `authenticate` makes one. */
export type Caller =
  | { readonly kind: 'anonymous'; readonly permissions: ReadonlySet<Permission> }
  | {
      readonly kind: 'setup';
      readonly signUp: string;
      readonly email: string;
      /** Absent until the setup subject has created its tenant. */
      readonly tenant: TenantContext | undefined;
      readonly roles: readonly string[];
      readonly permissions: ReadonlySet<Permission>;
    }
  | {
      /** After a recovery code: mends the federation, alone, and everybody hears of it. */
      readonly kind: 'recovery';
      readonly code: string;
      readonly tenant: TenantContext;
      readonly roles: readonly string[];
      readonly permissions: ReadonlySet<Permission>;
    }
  | {
      /** An identity provider's SCIM client: announces and withdraws people of that provider, nothing else. */
      readonly kind: 'scim';
      readonly identityProvider: string;
      readonly tenant: TenantContext;
      readonly roles: readonly string[];
      readonly permissions: ReadonlySet<Permission>;
    }
  | {
      readonly kind: 'member';
      readonly subject: Subject;
      readonly tenant: TenantContext;
      readonly roles: readonly string[];
      readonly permissions: ReadonlySet<Permission>;
    };

export interface RequestContext {
  readonly caller: Caller;
  readonly address: string;
}

/** A name for the record: committed and sealed by the ledger, never clear. */
export function actorOf(caller: Caller): string {
  if (caller.kind === 'member') return `${caller.subject.issuer}|${caller.subject.id}`;
  if (caller.kind === 'recovery') return `recovery|${caller.code}`;
  if (caller.kind === 'scim') return `scim|${caller.identityProvider}`;
  return caller.kind === 'setup' ? `setup|${caller.signUp}` : 'anonymous';
}

/** A name for a row's key and for comparing two people, that reveals neither. */
export function callerDigest(caller: Caller): string {
  return digestOfActor(actorOf(caller));
}

/** The same of an actor whom a record names. */
export function digestOfActor(actor: string): string {
  return createHash('sha256').update(actor).digest('hex');
}

export function tenantOf(caller: Caller): TenantContext {
  const tenant = caller.kind === 'anonymous' ? undefined : caller.tenant;
  if (tenant === undefined)
    throw refusedError('NO_TENANT', 'This setup credential has no tenant yet; call createTenant first.');
  return tenant;
}

/** A top-level error that may be shown as it is: authentication, permission, limits. Everything else is masked. */
export function refusedError(
  code: string,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...more, shown: true } });
}
