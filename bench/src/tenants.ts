import { createPrivateKey, generateKeyPairSync, randomBytes, randomUUID, sign, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseEndpointId, parseTenantId, tenantOfJob, type Endpoint, type Result, type Snapshot } from '@writ/domain';
import { localKms, sealText, type Kms } from '@writ/platform';
import { compile } from '@writ/policy';
import {
  logOrigin,
  provisionTenant,
  publishSnapshot,
  snapshotSigner,
  withTenant,
  type PlanePool,
} from '@writ/postgres';
import { benchPolicy } from './policy.js';

export const logName = 'bench.example';
export const audience = 'https://gateway.bench.example';

/** One tenant that is ready to be called, with a token for each of its subjects. */
export interface BenchTenant {
  readonly id: string;
  readonly tokens: readonly string[];
}

export interface TenantShape {
  readonly rules: number;
  readonly endpoints: number;
  readonly subjects: number;
  /** Of the whole tenant; so many that nobody reaches it unless given. */
  readonly requestsPerMinute?: number;
}

export const standardShape: TenantShape = { rules: 100, endpoints: 10, subjects: 64 };

/** The bench's own identity provider: its key, its key set and its tokens (RS256, as most providers sign). */
export interface Issuer {
  readonly jwks: string;
  token(claims: Readonly<Record<string, unknown>>): string;
}

export function benchIssuer(): Issuer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', use: 'sig', alg: 'RS256' };
  return { jwks: JSON.stringify({ keys: [jwk] }), token: (claims) => tokenOf(privateKey, claims) };
}

function tokenOf(key: KeyObject, claims: Readonly<Record<string, unknown>>): string {
  const signed = `${part({ alg: 'RS256', typ: 'at+jwt', kid: 'bench' })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

export interface Registry {
  readonly plane: PlanePool;
  readonly issuer: Issuer;
  /** Of upstream and issuer. */
  readonly url: string;
  readonly masterKeyFile: string;
  readonly snapshotKeyFile: string;
  /** All tenants of this room so far, the first made in front. One Postgres takes a thousand and refuses the next. */
  readonly made: BenchTenant[];
}

/** Provisions a tenant and publishes its snapshot, signed as the tenant API signs it. */
export async function makeTenant(registry: Registry, shape: TenantShape): Promise<BenchTenant> {
  const tenant = must(parseTenantId(randomUUID()));
  const kms = localKms(Buffer.from(readFileSync(registry.masterKeyFile, 'utf8').trim(), 'base64'));
  const signer = snapshotSigner(createPrivateKey(readFileSync(registry.snapshotKeyFile, 'utf8')));
  await provisionTenant(registry.plane, { tenant, origin: logOrigin(logName, tenant) });
  const snapshot = await snapshotOf(tenant, shape, registry.url, kms);
  await withTenant(registry.plane, tenantOfJob(tenant), (transaction) =>
    publishSnapshot(transaction, snapshot, signer),
  );
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: registry.url,
    aud: audience,
    tid: tenant,
    iat: now - 5,
    exp: now + 6 * 3_600,
    department: 'icu',
  };
  const tokens = Array.from({ length: shape.subjects }, (_, at) =>
    registry.issuer.token({ ...claims, sub: `subject-${at}`, groups: ['clinicians', 'group-8', 'staff'] }),
  );
  const ready = { id: tenant, tokens };
  registry.made.push(ready);
  return ready;
}

/** All tenants of the room once they are `count`; whatever shape those have that were made before, all are ready to be called. */
export async function fillUp(registry: Registry, shape: TenantShape, count: number): Promise<readonly BenchTenant[]> {
  let begun = registry.made.length;
  const make = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      // oxlint-disable-next-line no-await-in-loop -- each of the two makes one after the other
      await makeTenant(registry, shape);
    }
  };
  await Promise.all([make(), make()]);
  return [...registry.made];
}

async function snapshotOf(tenant: Snapshot['tenant'], shape: TenantShape, url: string, kms: Kms): Promise<Snapshot> {
  const contentKey = randomBytes(32);
  const source = benchPolicy(shape.rules);
  const image = must(compile(source, 1));
  const endpoints = Array.from({ length: shape.endpoints }, (_, at) => endpointOf(tenant, at, url, contentKey));
  const first = endpoints.slice(0, 3);
  return {
    tenant,
    version: 1,
    state: 'active',
    publishedAt: Date.now(),
    connections: [connectionOf(tenant, url)],
    appKeys: [],
    policy: { source, version: 1, hash: image.hash },
    taxonomy: { version: '1', terms: [], patterns: [], thresholds: {} },
    endpoints,
    aliases: [
      {
        name: 'fast',
        strategy: 'ordered',
        candidates: first.map(({ id }) => ({ endpoint: id, model: 'gpt-sim', weight: 1 })),
      },
    ],
    limits: [
      {
        id: 'tenant',
        scope: 'tenant',
        requestsPerMinute: shape.requestsPerMinute ?? 10_000_000,
        tokensPerMinute: 2_000_000_000,
      },
      { id: 'subject', scope: 'subject', requestsPerMinute: 10_000_000, concurrency: 100_000 },
    ],
    budgets: [{ id: 'monthly', scope: 'tenant', period: 'month', limitMicros: '900000000000000', hard: true }],
    prices: [{ model: 'gpt-sim', inputMicrosPerMillion: '150000', outputMicrosPerMillion: '600000', version: '1' }],
    evidence: { level: 'committed', dispatchClasses: ['PHI'], keep: 'y6' },
    wrappedKeys: {
      hmac: await kms.wrap(`tenant/${tenant}/hmac`, randomBytes(32)),
      content: await kms.wrap(`tenant/${tenant}/content`, contentKey),
    },
  };
}

function endpointOf(tenant: string, at: number, url: string, contentKey: Uint8Array): Endpoint {
  const baa = { name: 'HIPAA-BAA', validFrom: 0, validUntil: Date.UTC(2040, 0, 1) };
  const id = `key-${at}`;
  return {
    id: must(parseEndpointId(`endpoint-${at}`)),
    provider: 'openai',
    baseUrl: `${url}/v1`,
    region: `region-${at % 5}`,
    residency: at % 2 === 0 ? 'EU' : 'US',
    assurances: at % 3 === 0 ? [baa] : [],
    zeroRetention: at % 2 === 0,
    selfHosted: false,
    costClass: at % 5,
    maxClassification: 0,
    models: ['gpt-sim'],
    keys: [{ id, sealed: sealText(contentKey, `${tenant}|provider_credential|${id}`, 'sk-bench-0123456789') }],
    settings: {},
  };
}

function connectionOf(tenant: string, url: string): Snapshot['connections'][number] {
  return {
    id: 'workforce',
    kind: 'oidc',
    issuer: url,
    audiences: [audience],
    jwksUri: `${url}/jwks`,
    algorithms: ['RS256'],
    boundClaims: { tid: tenant },
    acceptIdTokens: false,
    maxLifetimeSeconds: 86_400,
    skewSeconds: 60,
    subjectKind: 'human',
    roleMappings: [
      { claim: 'groups', equals: 'clinicians', role: 'clinician' },
      { claim: 'groups', equals: 'auditors', role: 'auditor' },
    ],
    claims: { groups: 'groups', department: 'department', attributes: [] },
    settings: {},
  };
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function must<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
