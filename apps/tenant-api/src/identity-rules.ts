import { type ControlTx, IdentityProviderRow, TenantRow } from '@writ/postgres/control';
import { reservedRoles, rolePermissions } from './roles.js';
import { type UserError, UserErrorCode, userError } from './schema/building-blocks.js';
import type { ClaimMappingInput, CreateIdentityProviderInput } from './schema/identity.types.js';

export const subjectKinds = ['human', 'agent', 'workload'] as const;
const claimName = /^[A-Za-z0-9_:/.-]{1,128}$/;
const roleName = /^[a-z0-9][a-z0-9-]{0,62}$/;

const invalid = (field: string, message: string): UserError => userError(field, UserErrorCode.INVALID, message);

export function inputProblem(input: CreateIdentityProviderInput): UserError | undefined {
  if (!/^\S(.{0,61}\S)?$/u.test(input.name)) return invalid('name', 'A name has 1 to 63 characters.');
  if (input.kind !== 'mtls' && input.audiences.length === 0)
    return invalid('audiences', 'Name 1 to 10 audiences; a token for anybody else is never accepted.');
  if (
    input.roles.length > 20 ||
    input.roles.some((role) => !roleName.test(role) || reservedRoles.includes(role)) ||
    (input.roles.length > 0 && input.boundClaims.length === 0)
  )
    return invalid('roles', 'At most 20 roles, of a-z, 0-9 and hyphen; they go to whoever fulfils a bound claim.');
  if (input.confirmation !== undefined && input.confirmation !== 'dpop' && input.confirmation !== 'certificate')
    return invalid('confirmation', 'Choose dpop or certificate.');
  if (input.clientSecret !== undefined && !/^[\x21-\x7e]{8,512}$/.test(input.clientSecret))
    return invalid('clientSecret', 'A secret has 8 to 512 visible characters.');
  if (input.staleAllowSeconds !== undefined && (input.staleAllowSeconds < 0 || input.staleAllowSeconds > 60))
    return invalid('staleAllowSeconds', 'An older answer may be taken for at most 60 seconds.');
  if (revokedProblem(input.revoked)) return revokedProblem(input.revoked);
  if (input.audiences.length > 10 || input.audiences.some((a) => a === '' || a.length > 256))
    return invalid('audiences', 'Name 1 to 10 audiences; a token for anybody else is never accepted.');
  if (!subjectKinds.some((kind) => kind === input.subjectKind))
    return invalid('subjectKind', `Choose one of ${subjectKinds.join(', ')}.`);
  if (
    input.boundClaims.length > 5 ||
    input.boundClaims.some(({ name, value }) => !claimName.test(name) || value === '' || value.length > 256)
  )
    return invalid('boundClaims', 'Bind at most 5 claims, each with a value.');
  if (input.maxLifetimeSeconds < 60 || input.maxLifetimeSeconds > 86_400)
    return invalid('maxLifetimeSeconds', 'A token may live from a minute to a day.');
  if (
    ![input.groupsClaim, ...input.attributeClaims].every((name) => claimName.test(name)) ||
    input.attributeClaims.length > 20
  )
    return invalid('attributeClaims', 'Claims are names; at most 20 become attributes.');
  return undefined;
}

export function revokedProblem(revoked: readonly string[]): UserError | undefined {
  return revoked.length > 1_000 || revoked.some((each) => !/^[0-9a-fA-F:]{2,128}$/.test(each))
    ? invalid('revoked', 'At most 1,000 fingerprints or serial numbers in hex.')
    : undefined;
}

export function mappingProblem(mappings: readonly ClaimMappingInput[]): UserError | undefined {
  if (mappings.length > 200) return userError('mappings', UserErrorCode.INVALID, 'At most 200 mappings.');
  for (const [at, { claim, equals, role }] of mappings.entries()) {
    const refuse = (field: string, message: string): UserError =>
      userError(`mappings.${at}.${field}`, UserErrorCode.INVALID, message);
    if (!claimName.test(claim)) return refuse('claim', 'This is not the name of a claim.');
    if (equals === '' || equals.length > 256) return refuse('equals', 'Give the value that the claim must hold.');
    if (!roleName.test(role)) return refuse('role', 'A role is 1 to 63 of a-z, 0-9 and hyphen.');
    if (reservedRoles.includes(role)) return refuse('role', 'The roles setup and recovery are no mapping to give.');
  }
  return undefined;
}

/** True for a role that means something to this API; others are for the tenant's policy. */
export const isAdministrative = (role: string): boolean => Object.hasOwn(rolePermissions, role);

/** Refuses a change that leaves the tenant without anybody who can be owner. */
export async function ownerless(tx: ControlTx, changed: IdentityProviderRow): Promise<UserError | undefined> {
  const rows = (await tx.all(IdentityProviderRow)).map((row) => (row.id === changed.id ? changed : row));
  const someone = rows.some((row) => row.enabled && row.roleMappings.some(({ role }) => role === 'owner'));
  return someone
    ? undefined
    : userError(
        '',
        UserErrorCode.LAST_OWNER,
        'No enabled identity provider would map anybody to owner; map one first.',
      );
}

/** True when somebody would get an administrative role by `after` who did not by `before`. */
export function widens(
  before: IdentityProviderRow['roleMappings'],
  after: IdentityProviderRow['roleMappings'],
): boolean {
  const same = (one: { claim: string; equals: string; role: string }): boolean =>
    before.some(({ claim, equals, role }) => claim === one.claim && equals === one.equals && role === one.role);
  return after.some((mapping) => isAdministrative(mapping.role) && !same(mapping));
}

/** Once a tenant is federated, nobody widens the circle of administrators alone. */
export async function isFederated(tx: ControlTx): Promise<boolean> {
  return (await tx.one(TenantRow, { id: tx.tenantId }))?.federatedAt instanceof Date;
}
