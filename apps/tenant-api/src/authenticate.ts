import {
  type Credential,
  type Subject,
  type TenantContext,
  parseTenantId,
  tenantOfVerifiedCredential,
} from '@writ/domain';
import { MemberRow, RecoveryCodeRow, SignUpRow, TenantRow } from '@writ/postgres/control';
import type { BootstrapIssuer } from './bootstrap/issuer.js';
import { type Caller, refusedError } from './caller.js';
import { rolesOfGroups } from './directory.js';
import { isAdministrative } from './identity-rules.js';
import { permissionsOf } from './permissions.js';
import { reservedRoles } from './roles.js';
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
  const ours = await issuer.verify(token, ports.nowMs());
  if (ours.ok) {
    const { scope, subject } = ours.value;
    return scope === 'tenant:setup' ? setupCaller(ports, subject) : recoveryCaller(ports, subject);
  }
  if (ours.error === 'refused')
    throw refusedError(
      'UNAUTHENTICATED',
      'This token is not valid any more; sign up or recover again to get a new one.',
    );
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

async function recoveryCaller(ports: Ports, subject: string): Promise<Caller> {
  const [tenantText = '', code = ''] = subject.split('/');
  const id = parseTenantId(tenantText);
  if (!id.ok) throw refusedError('UNAUTHENTICATED', 'This recovery token names no tenant.');
  const tenant = tenantOfVerifiedCredential(id.value);
  const row = await ports.control.inTenant(tenant, (tx) => tx.byId(RecoveryCodeRow, code));
  if (!row?.usedAt) throw refusedError('UNAUTHENTICATED', 'This recovery token belongs to no used code.');
  return { kind: 'recovery', code, tenant, roles: ['recovery'], permissions: permissionsOf(['recovery']) };
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
  const given = subject.roles.filter((role) => !reservedRoles.includes(role));
  const { row, byGroups } = await memberOf(ports, tenant, subject, given);
  if (row?.active === false)
    throw refusedError('UNAUTHENTICATED', 'This person was deprovisioned; an owner of the tenant can say why.');
  const roles = [...new Set([...given, ...(row?.roles ?? []), ...byGroups])];
  return { kind: 'member', subject, tenant, roles, permissions: permissionsOf(roles) };
}

/** Just in time: whoever may administer something is listed from the first call on. Others leave no row. */
async function memberOf(
  ports: Ports,
  tenant: TenantContext,
  subject: Subject,
  roles: readonly string[],
): Promise<{ readonly row?: MemberRow; readonly byGroups: readonly string[] }> {
  return ports.control.inTenant(tenant, async (tx) => {
    const row = await tx.one(MemberRow, { identityProviderId: subject.connection, subject: subject.id });
    if (row) return { row, byGroups: row.active ? await rolesOfGroups(tx, row.id) : [] };
    if (!roles.some(isAdministrative)) return { byGroups: [] };
    await tx.client.query(
      `INSERT INTO control.member (id, tenant_id, identity_provider_id, subject, roles, active)
       VALUES ($1, $2, $3, $4, '[]', true) ON CONFLICT DO NOTHING`,
      [ports.newId(), tx.tenantId, subject.connection, subject.id],
    );
    return { byGroups: [] };
  });
}
