import { createHash } from 'node:crypto';
import {
  type Alias,
  type Endpoint,
  type IdentityConnection,
  type Price,
  type Snapshot,
  type TaxonomySource,
  type TenantId,
  parseEndpointId,
} from '@writ/domain';
import * as c from '@writ/postgres/control';
import { rolesByMember } from './directory.js';
import { pricesAt } from '@writ/routing';
import { strategiesIn } from './catalogue-rules.js';
import type { Ports } from './ports.js';

/** Permits nothing. Published until the tenant has a policy of its own, so that its people can be verified meanwhile. */
export const denyAllPolicy = `apiVersion: policy/v1
name: deny-all
rules: []
`;

const farFuture = Date.parse('9999-12-31T00:00:00Z');

/** Assembles the tenant's configuration as it stands in this transaction and stores it for the gateways. */
export async function publishSnapshot(ports: Ports, tx: c.ControlTx): Promise<number> {
  // The row's lock puts publications in order: the later one reads what the earlier one committed.
  await tx.client.query('UPDATE control.tenant SET snapshot_version = snapshot_version + 1 WHERE id = $1', [
    tx.tenantId,
  ]);
  const tenant = await tx.one(c.TenantRow, { id: tx.tenantId });
  if (!tenant) throw new Error('the tenant of a snapshot must exist');
  const { snapshotVersion } = tenant;
  await ports.publisher.publish(tx.client, await assemble(ports, tx, tenant, snapshotVersion));
  return snapshotVersion;
}

async function assemble(ports: Ports, tx: c.ControlTx, tenant: c.TenantRow, version: number): Promise<Snapshot> {
  const endpoints = await endpointsOf(tx);
  const aliases = (await tx.all(c.AliasRow)).map(aliasOfRow);
  const own = (await tx.all(c.PriceRow)).map(priceOfRow);
  return {
    tenant: tenant.id as TenantId,
    version,
    state: tenant.state === 'active' ? 'active' : 'suspended',
    publishedAt: ports.nowMs(),
    connections: (await tx.all(c.IdentityProviderRow)).filter((row) => row.enabled).map(connectionOfRow),
    appKeys: await appKeysOf(tx, ports.nowMs()),
    standings: await standingsOf(tx),
    policy: await policyOf(ports, tx),
    ...(await shadowOf(tx)),
    taxonomy: (await tx.all(c.TaxonomyRow))[0]?.source ?? builtIn,
    ...(await taxonomyTrialOf(tx)),
    endpoints,
    aliases,
    limits: (await tx.all(c.LimitRuleRow)).map((row) => ({
      id: row.name,
      scope: row.scope,
      ...(row.match !== null && { match: row.match }),
      ...(row.requestsPerMinute !== null && { requestsPerMinute: row.requestsPerMinute }),
      ...(row.tokensPerMinute !== null && { tokensPerMinute: row.tokensPerMinute }),
      ...(row.concurrency !== null && { concurrency: row.concurrency }),
    })),
    budgets: (await tx.all(c.BudgetRow)).map((row) => ({
      id: row.name,
      scope: row.scope,
      ...(row.match !== null && { match: row.match }),
      period: row.period,
      limitMicros: row.limitMicros,
      hard: row.hard,
    })),
    prices: endpoints.flatMap((endpoint) =>
      modelsOf(endpoint, aliases).flatMap((model) => pricesAt(endpoint, model, own, ports.priceBook)),
    ),
    unpricedModels: tenant.unpricedModels,
    ...(await reviewOf(tx)),
    evidence: { level: tenant.evidenceLevel, dispatchClasses: tenant.dispatchClasses, keep: tenant.keep },
    wrappedKeys: { hmac: tenant.wrappedHmacKey, content: tenant.wrappedContentKey },
  };
}

function aliasOfRow(row: c.AliasRow): Alias {
  return {
    name: row.name,
    strategy: strategiesIn(row.strategy) ?? 'ordered',
    candidates: row.candidates.map(({ endpoint, ...declared }) => ({
      endpoint: endpointName(endpoint),
      ...declared,
    })),
  };
}

/** A price that is changed is another version: the row counts its changes. */
function priceOfRow(row: c.PriceRow): Price {
  const validFrom = row.validFrom.getTime();
  return {
    ...(row.endpoint !== '' && { endpoint: endpointName(row.endpoint) }),
    model: row.model,
    inputMicrosPerMillion: row.inputMicrosPerMillion,
    outputMicrosPerMillion: row.outputMicrosPerMillion,
    ...(row.cacheReadMicrosPerMillion !== null && { cacheReadMicrosPerMillion: row.cacheReadMicrosPerMillion }),
    ...(row.cacheWriteMicrosPerMillion !== null && { cacheWriteMicrosPerMillion: row.cacheWriteMicrosPerMillion }),
    ...(row.reasoningMicrosPerMillion !== null && { reasoningMicrosPerMillion: row.reasoningMicrosPerMillion }),
    ...(validFrom > 0 && { validFrom }),
    version: `tenant-${row.id.slice(-12)}-${row.version}`,
  };
}

/** What an endpoint may be asked for: by its own list, and by the aliases that lead to it. */
function modelsOf(endpoint: Endpoint, aliases: readonly Alias[]): readonly string[] {
  const led = aliases.flatMap(({ candidates }) => candidates.filter((one) => one.endpoint === endpoint.id));
  return [...new Set([...endpoint.models, ...led.map(({ model }) => model)])];
}

async function reviewOf(tx: c.ControlTx): Promise<Pick<Snapshot, 'review'>> {
  const text = 'SELECT model, classes, second_person_classes FROM control.review_setting WHERE tenant_id = $1';
  const row = (await tx.client.query(text, [tx.tenantId])).rows[0] as
    | { readonly model: string; readonly classes: readonly string[]; readonly second_person_classes: readonly string[] }
    | undefined;
  if (row === undefined) return {};
  return { review: { model: row.model, classes: row.classes, secondPersonClasses: row.second_person_classes } };
}

const builtIn: TaxonomySource = { version: 'builtin', terms: [], patterns: [], thresholds: {} };

function endpointName(name: string): Endpoint['id'] {
  const parsed = parseEndpointId(name);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

export function connectionOfRow(row: c.IdentityProviderRow): IdentityConnection {
  return {
    id: row.id,
    kind: row.kind,
    issuer: row.issuer,
    audiences: row.audiences,
    ...(row.jwksUri !== null && { jwksUri: row.jwksUri }),
    ...(row.introspectionUri !== null && { introspectionUri: row.introspectionUri }),
    algorithms: row.algorithms,
    boundClaims: row.boundClaims,
    acceptIdTokens: row.acceptIdTokens,
    maxLifetimeSeconds: row.maxLifetimeSeconds,
    skewSeconds: row.skewSeconds,
    subjectKind: row.subjectKind,
    roleMappings: row.roleMappings,
    claims: row.claims,
    settings: row.settings,
  };
}

export async function endpointsOf(tx: c.ControlTx): Promise<readonly Endpoint[]> {
  const rows = (await tx.all(c.EndpointRow)).filter((row) => row.retiredAt === null);
  const assurances = await tx.all(c.AssuranceRow);
  const sets = await tx.all(c.EndpointSetRow);
  const credentials = new Map((await tx.all(c.ProviderCredentialRow)).map((row) => [row.id, row]));
  return rows.map((row) => ({
    id: endpointName(row.name),
    provider: row.provider as Endpoint['provider'],
    baseUrl: row.baseUrl,
    region: row.region,
    residency: row.residency,
    assurances: [
      ...assurances
        .filter((assurance) => assurance.endpointId === row.id)
        .map((assurance) => ({
          name: assurance.name,
          validFrom: assurance.validFrom.getTime(),
          validUntil: assurance.validUntil.getTime(),
          ...(assurance.document !== null && { document: assurance.document }),
        })),
      ...sets
        .filter((set) => set.endpointIds.includes(row.id))
        .map((set) => ({ name: `set:${set.name}`, validFrom: 0, validUntil: farFuture })),
    ],
    zeroRetention: row.zeroRetention,
    selfHosted: row.selfHosted,
    costClass: row.costClass,
    maxClassification: row.maxClassification,
    models: row.models,
    keys: row.credentialIds.flatMap((id) => {
      const credential = credentials.get(id);
      return credential ? [{ id: credential.id, sealed: credential.sealed }] : [];
    }),
    settings: row.settings,
  }));
}

async function appKeysOf(tx: c.ControlTx, nowMs: number): Promise<Snapshot['appKeys']> {
  const apps = new Map((await tx.all(c.AppRow)).map((row) => [row.id, row]));
  return (await tx.all(c.AppKeyRow)).flatMap((row) => {
    const app = apps.get(row.appId);
    const expired = row.expiresAt !== null && row.expiresAt.getTime() <= nowMs;
    if (!app || row.revokedAt !== null || expired) return [];
    return [
      {
        id: row.id,
        app: app.name,
        sha256: row.sha256,
        roles: app.roles,
        kind: app.kind,
        ...(row.expiresAt !== null && { expiresAt: row.expiresAt.getTime() }),
      },
    ];
  });
}

/** Only who stands otherwise than the token says. */
async function standingsOf(tx: c.ControlTx): Promise<NonNullable<Snapshot['standings']>> {
  const given = await rolesByMember(tx);
  return (await tx.all(c.MemberRow)).flatMap((row) => {
    const roles = row.active ? [...new Set([...row.roles, ...(given.get(row.id) ?? [])])].toSorted() : [];
    if (row.active && roles.length === 0) return [];
    const subject = createHash('sha256').update(row.subject).digest('hex');
    return [{ connection: row.identityProviderId, subject, withdrawn: !row.active, roles }];
  });
}

async function policyOf(ports: Ports, tx: c.ControlTx): Promise<Snapshot['policy']> {
  const row = await tx.one(c.PolicyVersionRow, { state: 'published' });
  if (row) return sourceOf(row);
  const compiled = ports.policy.compile(denyAllPolicy, 0);
  if (!compiled.ok) throw new Error('the policy that denies everything must compile');
  return { source: denyAllPolicy, version: 0, ...compiled.value };
}

/** A version on trial, which gateways decide by as well and never enforce. */
async function shadowOf(tx: c.ControlTx): Promise<Pick<Snapshot, 'shadowPolicy'>> {
  const row = await tx.one(c.PolicyVersionRow, { shadow: true });
  return row ? { shadowPolicy: sourceOf(row) } : {};
}

/** A candidate taxonomy, by which gateways read some requests as well and never act. */
async function taxonomyTrialOf(tx: c.ControlTx): Promise<Pick<Snapshot, 'shadowTaxonomy'>> {
  const row = (await tx.all(c.TaxonomyTrialRow))[0];
  return row ? { shadowTaxonomy: { source: row.source, perMille: row.perMille } } : {};
}

function sourceOf({ source, number, hash, image }: c.PolicyVersionRow): Snapshot['policy'] {
  return { source, version: number, hash, ...(image !== null && { image }) };
}
