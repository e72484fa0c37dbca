import { type Result, err, ok } from '@writ/domain';
import { authoritiesIn, algorithmsOfKeys, trustComplaints } from '@writ/identity';
import type { IdentityProviderRow } from '@writ/postgres/control';
import { subjectKinds } from './identity-rules.js';
import type { Discovery, Ports } from './ports.js';
import { type UserError, UserErrorCode, recordOf, userError } from './schema/building-blocks.js';
import type { CreateIdentityProviderInput } from './schema/identity.types.js';
import { connectionOfRow } from './snapshot.js';

/** The columns of a new connection that the caller's input and the outside decide. */
export type ConnectionDraft = Omit<IdentityProviderRow, 'id' | 'tenantId' | 'version' | 'createdAt' | 'updatedAt'>;

export interface Drafted {
  readonly row: ConnectionDraft;
  /** True when the administrator confirmed key addresses of another origin. */
  readonly crossOrigin: boolean;
}

export const connectionKinds = ['oidc', 'workload', 'introspection', 'mtls'] as const;
/** RFC 8725: asymmetric only, whatever a discovery document offers. */
const safeAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Certificates have no audience; the directory files them under this one, which no token can have by itself. */
const certificateAudience = 'mtls';

const invalid = (field: string, message: string): Result<never, UserError> =>
  err(userError(field, UserErrorCode.INVALID, message));

const forbidden = (message: string): Result<never, UserError> =>
  err(userError('issuer', UserErrorCode.FORBIDDEN_TARGET, message));

/** The context under which the KMS wraps an introspection client's secret; gateways unwrap with the same words. */
export const clientSecretContext = (tenant: string, connection: string): string =>
  `tenant/${tenant}/identity-provider/${connection}`;

/** What of the outside a connection needs: discovery for issuers that are reached, uploads for those that are not. */
export async function draftConnection(
  ports: Ports,
  input: CreateIdentityProviderInput,
): Promise<Result<Drafted, UserError>> {
  switch (input.kind) {
    case 'oidc':
    case 'introspection':
      return drafted(input, await discovered(ports, input));
    case 'workload':
      return drafted(input, input.jwks === undefined ? await discovered(ports, input) : uploaded(input, input.jwks));
    case 'mtls':
      return drafted(input, authority(input));
    default:
      return invalid('kind', `Choose one of ${connectionKinds.join(', ')}.`);
  }
}

interface Found {
  readonly issuer: string;
  readonly algorithms: readonly string[];
  readonly jwksUri?: string;
  readonly introspectionUri?: string;
  readonly crossOrigin: boolean;
  readonly settings: Readonly<Record<string, string>>;
}

function drafted(input: CreateIdentityProviderInput, found: Result<Found, UserError>): Result<Drafted, UserError> {
  if (!found.ok) return found;
  const { issuer, algorithms, jwksUri, introspectionUri, crossOrigin, settings } = found.value;
  const kind = connectionKinds.find((known) => known === input.kind) ?? 'oidc';
  if (kind === 'introspection' && (introspectionUri === undefined || input.clientId === undefined))
    return invalid('clientId', 'Introspection needs an issuer that offers it, and a client of yours with its secret.');
  const row: ConnectionDraft = {
    name: input.name,
    kind,
    issuer,
    audiences: kind === 'mtls' ? [certificateAudience] : [...new Set(input.audiences)],
    jwksUri: jwksUri ?? null,
    introspectionUri: introspectionUri ?? null,
    algorithms: [...algorithms],
    boundClaims: recordOf(input.boundClaims),
    acceptIdTokens: input.acceptIdTokens,
    maxLifetimeSeconds: input.maxLifetimeSeconds,
    skewSeconds: 30,
    subjectKind: subjectKinds.find((each) => each === input.subjectKind) ?? 'human',
    roleMappings: [
      ...input.mappings.map(({ claim, equals, role }) => ({ claim, equals, role })),
      ...input.boundClaims
        .slice(0, 1)
        .flatMap(({ name, value }) => input.roles.map((role) => ({ claim: name, equals: value, role }))),
    ],
    claims: {
      groups: input.groupsClaim,
      ...(input.departmentClaim !== undefined && { department: input.departmentClaim }),
      ...(input.clearanceClaim !== undefined && { clearance: input.clearanceClaim }),
      attributes: input.attributeClaims,
    },
    settings: { ...settings, ...settingsOf(input) },
    enabled: false,
    testedAt: null,
  };
  const [complaint] =
    kind === 'workload' ? trustComplaints(connectionOfRow({ ...row, id: '' } as IdentityProviderRow)) : [];
  if (complaint !== undefined) return invalid('boundClaims', `Trust in a workload names one workload: ${complaint}.`);
  return ok({ row, crossOrigin });
}

function settingsOf(input: CreateIdentityProviderInput): Record<string, string> {
  return {
    ...(input.multipleAudiences && { multipleAudiences: 'true' }),
    ...(input.confirmation !== undefined && { confirmation: input.confirmation }),
    ...(input.clientId !== undefined && { clientId: input.clientId }),
    ...(input.staleAllowSeconds !== undefined && { staleAllowSeconds: String(input.staleAllowSeconds) }),
    ...(input.revoked.length > 0 && { revoked: input.revoked.join(' ') }),
  };
}

/** OpenID Connect Discovery through the egress guard; every address it names is checked as well. */
async function discovered(ports: Ports, input: CreateIdentityProviderInput): Promise<Result<Found, UserError>> {
  if (input.issuer === undefined) return invalid('issuer', 'Name the issuer, exactly as its tokens do.');
  const allowed = await ports.checkUrl(input.issuer);
  if (!allowed.ok) return forbidden(allowed.error);
  const discovery = await ports.discovery.discover(input.issuer);
  if (!discovery.ok) return err(userError('issuer', UserErrorCode.UNAVAILABLE, discovery.error));
  const targets = targetsOf(discovery.value);
  for (const target of targets) {
    const checked = await ports.checkUrl(target);
    if (!checked.ok)
      return forbidden(`The discovery document names an address that may not be dialled: ${checked.error}`);
  }
  const crossOrigin = targets.some((target) => new URL(target).origin !== allowed.value.origin);
  if (crossOrigin && !input.confirmCrossOrigin)
    return err(
      userError(
        'confirmCrossOrigin',
        UserErrorCode.FORBIDDEN_TARGET,
        'The discovery document names addresses of another origin than the issuer; confirm that they are right.',
      ),
    );
  const algorithms = discovery.value.algorithms.filter((algorithm) => safeAlgorithms.includes(algorithm));
  if (algorithms.length === 0)
    return invalid('issuer', 'The issuer offers no asymmetric signature algorithm that is accepted here.');
  return ok({ ...discovery.value, algorithms, crossOrigin, settings: {} });
}

function targetsOf({ jwksUri, introspectionUri }: Discovery): readonly string[] {
  return [jwksUri, ...(introspectionUri === undefined ? [] : [introspectionUri])];
}

/** For a cluster or trust domain that cannot be reached: its keys are uploaded, and nothing is ever fetched. */
function uploaded(input: CreateIdentityProviderInput, jwks: string): Result<Found, UserError> {
  if (input.issuer === undefined || !/^[a-z][a-z0-9+.-]{1,15}:\/\/\S{1,500}$/.test(input.issuer))
    return invalid('issuer', 'Name the issuer, such as https://kubernetes.default.svc or spiffe://example.org.');
  const algorithms = algorithmsOfKeys(jwks).filter((algorithm) => safeAlgorithms.includes(algorithm));
  if (algorithms.length === 0 || jwks.length > 65_536)
    return invalid('jwks', 'This is no JWK set with a public key that could verify anything.');
  return ok({ issuer: input.issuer, algorithms, crossOrigin: false, settings: { jwks } });
}

function authority(input: CreateIdentityProviderInput): Result<Found, UserError> {
  const bundle = input.trustRoots ?? '';
  const names = bundle.length > 65_536 ? [] : authoritiesIn(bundle);
  const [issuer] = names;
  if (issuer === undefined || names.some((name) => name !== issuer))
    return invalid('trustRoots', 'Upload the PEM of one certificate authority; another one is another connection.');
  return ok({ issuer, algorithms: [], crossOrigin: false, settings: { trustRoots: bundle } });
}
