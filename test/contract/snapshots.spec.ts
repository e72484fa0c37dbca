import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { IdentityConnection, Snapshot, TenantContext, TenantId } from '@writ/domain';
import {
  type ConnectionDirectory,
  type PlanePool,
  type SnapshotSource,
  connectionDirectory,
  publishSnapshot,
  snapshotSigner,
  snapshotSource,
  snapshotVerifier,
  withTenant,
} from '@writ/postgres';
import { type TestDatabase, startDatabase } from './database.js';
import { eventually } from './eventually.js';

const keys = generateKeyPairSync('ed25519');
const signer = snapshotSigner(keys.privateKey);
const verifier = snapshotVerifier([keys.publicKey]);
let database: TestDatabase;
let api: PlanePool;
let gateway: PlanePool;
let source: SnapshotSource;
let directory: ConnectionDirectory;
let now = 0;

beforeAll(async () => {
  database = await startDatabase();
  api = database.plane('writ_tenant_api');
  gateway = database.plane('writ_gateway');
  source = snapshotSource(gateway, {
    verifier,
    onProblem: () => undefined,
    monotonicMs: () => performance.now() + now,
  });
  directory = connectionDirectory(gateway, { onProblem: () => undefined });
});
afterAll(async () => {
  await source.close();
  await directory.close();
  await database.close();
});

const publish = (tenant: TenantContext, snapshot: Snapshot, by = signer): Promise<void> =>
  withTenant(api, tenant, (transaction) => publishSnapshot(transaction, snapshot, by));

describe('a published snapshot', () => {
  it('is what the tenant API signed, and stays one object while its version stays', async () => {
    const tenant = await database.tenant();
    await publish(tenant, aSnapshot(tenant.tenant, 1));
    const first = await source.current(tenant);
    expect(first).toMatchObject({ ok: true, value: { version: 1, tenant: tenant.tenant } });
    const second = await source.current(tenant);
    expect(first.ok && second.ok && first.value === second.value).toBe(true);
  });

  it('replaces the one held within two seconds', async () => {
    const tenant = await database.tenant();
    await publish(tenant, aSnapshot(tenant.tenant, 1));
    await source.current(tenant);
    const startedAt = performance.now();
    await publish(tenant, aSnapshot(tenant.tenant, 2));
    await eventually(async () =>
      expect(await source.current(tenant)).toMatchObject({ ok: true, value: { version: 2 } }),
    );
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('is refused when another key signed it', async () => {
    const tenant = await database.tenant();
    await publish(tenant, aSnapshot(tenant.tenant, 1), snapshotSigner(generateKeyPairSync('ed25519').privateKey));
    expect(await source.current(tenant)).toMatchObject({ ok: false, error: { refusal: { code: 'snapshot-stale' } } });
  });

  it('is refused when its bytes or its place were changed in the database', async () => {
    const [tenant, other] = [await database.tenant(), await database.tenant()];
    const admin = await database.session('postgres');
    await publish(tenant, aSnapshot(tenant.tenant, 1));
    await admin.query(
      'INSERT INTO control.snapshot (tenant_id, version, body, signature) SELECT $2, version, body, signature FROM control.snapshot WHERE tenant_id = $1',
      [tenant.tenant, other.tenant],
    );
    await admin.query(`UPDATE control.snapshot SET body = replace(body, 'active', 'active ') WHERE tenant_id = $1`, [
      tenant.tenant,
    ]);
    expect(await source.current(tenant)).toMatchObject({ ok: false, error: { refusal: { code: 'snapshot-stale' } } });
    expect(await source.current(other)).toMatchObject({ ok: false, error: { refusal: { code: 'snapshot-stale' } } });
  });

  it('is missing for a tenant that published none', async () => {
    expect(await source.current(await database.tenant())).toMatchObject({
      ok: false,
      error: { refusal: { code: 'snapshot-missing' } },
    });
  });

  it("cannot be published in another tenant's transaction, nor a version twice", async () => {
    const [tenant, other] = [await database.tenant(), await database.tenant()];
    await expect(publish(tenant, aSnapshot(other.tenant, 1))).rejects.toThrow('own tenant');
    await publish(tenant, aSnapshot(tenant.tenant, 1));
    await expect(publish(tenant, aSnapshot(tenant.tenant, 1))).rejects.toMatchObject({ because: 'version-taken' });
  });
});

describe('the directory', () => {
  it('finds the tenants of an issuer and the owner of an app key, and learns of both at once', async () => {
    const tenant = await database.tenant();
    const issuer = `https://idp.example/${tenant.tenant}`;
    const sha256 = tenant.tenant.replaceAll('-', '').repeat(2);
    expect(await directory.find(issuer)).toEqual({ ok: true, value: [] });
    expect(await directory.findAppKey(sha256)).toEqual({ ok: true, value: undefined });
    const key = { id: 'k1', app: 'app', sha256, roles: [], kind: 'agent' as const };
    await publish(tenant, { ...aSnapshot(tenant.tenant, 1), connections: [aConnection(issuer)], appKeys: [key] });
    await eventually(async () =>
      expect(await directory.find(issuer)).toMatchObject({
        ok: true,
        value: [{ tenant: tenant.tenant, connection: { issuer } }],
      }),
    );
    expect(await directory.findAppKey(sha256)).toEqual({ ok: true, value: { tenant: tenant.tenant, key } });
    await publish(tenant, aSnapshot(tenant.tenant, 2));
    await eventually(async () => expect(await directory.findAppKey(sha256)).toEqual({ ok: true, value: undefined }));
    expect(await directory.find(issuer)).toEqual({ ok: true, value: [] });
  });

  it('lets no second tenant trust the same issuer and audience under the same bound claims', async () => {
    const [tenant, other] = [await database.tenant(), await database.tenant()];
    const connection = aConnection('https://shared.example');
    await publish(tenant, { ...aSnapshot(tenant.tenant, 1), connections: [connection] });
    await expect(publish(other, { ...aSnapshot(other.tenant, 1), connections: [connection] })).rejects.toMatchObject({
      because: 'connection-taken',
    });
    const bound = { ...connection, boundClaims: { tid: 'theirs' } };
    await publish(other, { ...aSnapshot(other.tenant, 1), connections: [bound] });
    const found = await directory.find('https://shared.example');
    expect(found.ok && found.value.map((each) => each.tenant).toSorted()).toEqual(
      [tenant.tenant, other.tenant].toSorted(),
    );
  });
});

describe('the lease', () => {
  it('F38: outlives an outage of the database for sixty seconds, then refuses as stale, and recovers by itself', async () => {
    const tenant = await database.tenant();
    await publish(tenant, aSnapshot(tenant.tenant, 1));
    await source.current(tenant);
    await database.server.kill('SIGKILL');
    now = 55_000;
    expect(await source.current(tenant)).toMatchObject({ ok: true, value: { version: 1 } });
    now = 61_000;
    expect(await source.current(tenant)).toMatchObject({
      ok: false,
      error: { refusal: { code: 'snapshot-stale' }, held: { version: 1 } },
    });
    await database.restart();
    await eventually(async () =>
      expect(await source.current(tenant)).toMatchObject({ ok: true, value: { version: 1 } }),
    );
  });
});

function aSnapshot(tenant: TenantId, version: number): Snapshot {
  return {
    tenant,
    version,
    state: 'active',
    publishedAt: 0,
    connections: [],
    appKeys: [],
    policy: { source: '', version: 1, hash: '' },
    taxonomy: { version: '1', terms: [], patterns: [], thresholds: {} },
    endpoints: [],
    aliases: [],
    limits: [],
    budgets: [],
    prices: [],
    evidence: { level: 'committed', dispatchClasses: [], keep: 'y6' },
    wrappedKeys: { hmac: '', content: '' },
  };
}

function aConnection(issuer: string): IdentityConnection {
  return {
    id: 'main',
    kind: 'oidc',
    issuer,
    audiences: ['writ', 'writ-agents'],
    algorithms: ['RS256'],
    boundClaims: {},
    acceptIdTokens: false,
    maxLifetimeSeconds: 3_600,
    skewSeconds: 60,
    subjectKind: 'human',
    roleMappings: [],
    claims: { groups: 'groups', attributes: [] },
    settings: {},
  };
}
