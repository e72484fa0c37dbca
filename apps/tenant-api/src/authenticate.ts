import { type Credential, parseTenantId, tenantOfVerifiedCredential } from '@writ/domain';
import { SignUpRow, TenantRow } from '@writ/postgres/control';
import type { BootstrapIssuer } from './bootstrap-issuer.js';
import { type Caller, refusedError } from './caller.js';
import { permissionsOf } from './permissions.js';
import type { Ports } from './ports.js';

export interface Presented {
  readonly authorization: string | undefined;
  readonly method: string;
  readonly url: string;
}

const bearer = /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/;

/** Establishes the caller, or throws the refusal. A credential that was sent and cannot be verified is never ignored. */
export async function authenticate(ports: Ports, issuer: BootstrapIssuer, presented: Presented): Promise<Caller> {
  if (presented.authorization === undefined) return { kind: 'anonymous', permissions: new Set(['anyone']) };
  const token = bearer.exec(presented.authorization)?.[1];
  if (token === undefined)
    throw refusedError('UNAUTHENTICATED', 'Send the credential as `Authorization: Bearer <token>`.');
  const setup = await issuer.verify(token, ports.nowMs());
  if (setup.ok) return setupCaller(ports, setup.value);
  if (setup.error === 'refused')
    throw refusedError('UNAUTHENTICATED', 'The setup token is not valid any more; sign up again to get a new one.');
  return member(ports, { scheme: 'bearer', token, method: presented.method, url: presented.url });
}

async function setupCaller(ports: Ports, signUp: string): Promise<Caller> {
  const row = await ports.control.inPlatform((manager) => manager.findOneBy(SignUpRow, { id: signUp }));
  if (!row?.verifiedAt) throw refusedError('UNAUTHENTICATED', 'The setup token belongs to no verified sign-up.');
  const base = {
    kind: 'setup',
    signUp,
    email: row.email,
    roles: ['setup'],
    permissions: permissionsOf(['setup']),
  } as const;
  if (row.tenantId === null) return { ...base, tenant: undefined };
  const id = parseTenantId(row.tenantId);
  if (!id.ok) throw new Error('a sign-up names a tenant that is not a UUID');
  const tenant = tenantOfVerifiedCredential(id.value);
  const own = await ports.control.inTenant(tenant, (tx) => tx.one(TenantRow, { id: id.value }));
  if (own?.federatedAt)
    throw refusedError(
      'SETUP_ENDED',
      "A federated owner has taken over; sign in through the tenant's identity provider.",
    );
  return { ...base, tenant };
}

async function member(ports: Ports, credential: Credential): Promise<Caller> {
  const verified = await ports.identity.identify(credential);
  if (!verified.ok) {
    const { code, message } = verified.error;
    throw refusedError(
      code === 'identity-unavailable' ? 'UNAVAILABLE' : 'UNAUTHENTICATED',
      message ?? 'The credential could not be verified; get a new access token from your identity provider.',
      { reason: code },
    );
  }
  const { subject, tenant } = verified.value;
  // `setup` is ours to give; a claim mapping that names it gives nothing.
  const roles = subject.roles.filter((role) => role !== 'setup');
  return { kind: 'member', subject, tenant, roles, permissions: permissionsOf(roles) };
}
