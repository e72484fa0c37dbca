import * as c from '@writ/postgres/control';
import { type Standing, standingOf } from './break-glass.js';
import { type BreakGlass, BreakGlassState } from './schema/break-glass.types.js';
import { toId } from './schema/ids.js';
import { type SetupStep, type Tenant, TenantState } from './schema/tenant.types.js';

interface Progress {
  readonly domain: boolean;
  readonly provider: boolean;
  readonly tested: boolean;
  readonly mapped: boolean;
  readonly federated: boolean;
  readonly endpoint: boolean;
  readonly priced: boolean;
  readonly policy: boolean;
  readonly breakGlass: Standing;
}

async function progressOf(tx: c.ControlTx, tenant: c.TenantRow, nowMs: number): Promise<Progress> {
  const providers = await tx.all(c.IdentityProviderRow);
  const endpoints = (await tx.all(c.EndpointRow)).filter((row) => row.retiredAt === null);
  return {
    domain: (await tx.all(c.DomainRow)).some((row) => row.verifiedAt !== null),
    provider: providers.length > 0,
    tested: providers.some((row) => row.testedAt !== null),
    mapped: providers.some((row) => row.enabled && row.roleMappings.some(({ role }) => role === 'owner')),
    federated: tenant.federatedAt !== null,
    endpoint: endpoints.length > 0,
    priced: (await tx.all(c.PriceRow)).length > 0,
    policy: (await tx.one(c.PolicyVersionRow, { state: 'published' })) !== undefined,
    breakGlass: await standingOf(tx, nowMs),
  };
}

const step = (name: string, done: boolean, mutation: string, because: string, optional = false): SetupStep => ({
  name,
  done,
  optional,
  mutation,
  because,
});

function stepsOf(progress: Progress, nowMs: number): SetupStep[] {
  return [
    step(
      'verify-domain',
      progress.domain,
      'createDomain',
      'A verified domain settles who may claim a shared issuer.',
      true,
    ),
    step(
      'create-identity-provider',
      progress.provider,
      'createIdentityProvider',
      'People and agents sign in through your own provider.',
    ),
    step(
      'test-identity-provider',
      progress.tested,
      'testIdentityProvider',
      'A real token shows that every check passes before it is trusted.',
    ),
    step(
      'map-an-owner',
      progress.mapped,
      'setClaimMappings',
      'One claim must map to the role owner, or nobody can administer the tenant.',
    ),
    step(
      'sign-in-as-owner',
      progress.federated,
      'completeSetup',
      'The first federated owner takes over; the setup token ends.',
    ),
    step(
      'register-endpoint',
      progress.endpoint,
      'registerEndpoint',
      'A model is reached only at an endpoint you registered.',
    ),
    step(
      'price-models',
      progress.priced,
      'setPrice',
      'An unpriced model is refused, because its cost cannot be reserved.',
    ),
    step('publish-policy', progress.policy, 'publishPolicy', 'Until a policy is published, nothing is permitted.'),
    ...breakGlassSteps(progress, nowMs),
  ];
}

const monthMs = 31 * 24 * 60 * 60 * 1000;

/** Every owner who looks at the tenant sees that the glass is whole, or what to do about it. */
function breakGlassSteps({ breakGlass, federated }: Progress, nowMs: number): SetupStep[] {
  const { state, usedAt, armedUntil, passkeys } = breakGlass;
  const endsSoon = armedUntil !== null && armedUntil.getTime() - nowMs < monthMs;
  const because =
    state === BreakGlassState.NEEDS_PASSKEY
      ? 'It is not armed: the codes open nothing until the holder has registered a passkey by the link that was sent.'
      : state === BreakGlassState.EXPIRED
        ? 'It expired, as it does after a year; arm it anew.'
        : endsSoon
          ? `It expires on ${armedUntil.toISOString().slice(0, 10)}; arm it anew before.`
          : federated || passkeys > 0
            ? 'Without it nobody gets in on the day when the identity provider is gone.'
            : 'Without it nobody gets in on the day when the identity provider is gone. It takes a passkey: open /passkeys on this address with the setup token while that is good.';
  const armed = step('arm-break-glass', state === BreakGlassState.ARMED && !endsSoon, 'armBreakGlass', because, true);
  if (usedAt === null) return [armed];
  const alarm = `Break-glass was used at ${usedAt.toISOString()}. See the change log; arm it anew, which also ends an hour of recovery that still runs.`;
  return [step('review-break-glass', false, 'armBreakGlass', alarm, true), armed];
}

function stateOf(tenant: c.TenantRow, progress: Progress): TenantState {
  if (tenant.state === 'deleting' || tenant.state === 'deleted') return TenantState.DELETING;
  if (tenant.state === 'suspended') return TenantState.SUSPENDED;
  if (progress.federated && progress.endpoint && progress.priced && progress.policy) return TenantState.LIVE;
  if (progress.federated && progress.endpoint) return TenantState.ENDPOINTS_READY;
  if (progress.federated) return TenantState.FEDERATED;
  return progress.domain ? TenantState.DOMAIN_VERIFIED : TenantState.PENDING_SETUP;
}

export async function setupChecklist(tx: c.ControlTx, tenant: c.TenantRow, nowMs: number): Promise<SetupStep[]> {
  return stepsOf(await progressOf(tx, tenant, nowMs), nowMs);
}

export async function viewTenant(tx: c.ControlTx, tenant: c.TenantRow, nowMs: number): Promise<Tenant> {
  const progress = await progressOf(tx, tenant, nowMs);
  return {
    id: toId('Tenant', tenant.id),
    name: tenant.name,
    region: tenant.region,
    state: stateOf(tenant, progress),
    nextSteps: stepsOf(progress, nowMs).filter(({ done }) => !done),
    logOrigin: tenant.origin,
    snapshotVersion: tenant.snapshotVersion,
    policyApproval: tenant.policyApproval,
    breakGlass: viewBreakGlass(progress.breakGlass),
    version: tenant.version,
    deletionDueAt: tenant.deletionDueAt?.toISOString() ?? null,
    createdAt: tenant.createdAt.toISOString(),
  };
}

export function viewBreakGlass(standing: Standing): BreakGlass {
  const { armedUntil, usedAt } = standing;
  return { ...standing, armedUntil: armedUntil?.toISOString() ?? null, usedAt: usedAt?.toISOString() ?? null };
}
