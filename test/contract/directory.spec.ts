import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AppKey, IdentityConnection, TenantContext } from '@writ/domain';
import {
  type ConnectionDirectory,
  connectionDirectory,
  publishSnapshot,
  snapshotSigner,
  withTenant,
} from '@writ/postgres';
import { aSnapshot, aTenantContext, tenantA, tenantB } from '../support/builders.js';
import { DirectoryTwin } from '../support/directory-twin.js';
import { type TestDatabase, startDatabase } from './database.js';
import { eventually } from './eventually.js';

/** What identity asks of a directory, and how a tenant's trust gets into it. */
interface Subject {
  tenants(): Promise<readonly [TenantContext, TenantContext]>;
  publish(tenant: TenantContext, connections: readonly IdentityConnection[], keys: readonly AppKey[]): Promise<void>;
  find(issuer: string): Promise<readonly { readonly tenant: string; readonly connection: IdentityConnection }[]>;
  findAppKey(sha256: string): Promise<{ readonly tenant: string; readonly key: AppKey } | undefined>;
}

const aConnection = (issuer: string, tid: string): IdentityConnection => ({
  id: randomUUID(),
  kind: 'oidc',
  issuer,
  audiences: ['https://gateway.example'],
  jwksUri: `${issuer}/jwks`,
  algorithms: ['RS256'],
  boundClaims: { tid },
  acceptIdTokens: false,
  maxLifetimeSeconds: 3_600,
  skewSeconds: 30,
  subjectKind: 'human',
  roleMappings: [],
  claims: { groups: 'groups', attributes: [] },
  settings: {},
});

function aKey(secret: string): AppKey {
  const sha256 = createHash('sha256').update(secret).digest('hex');
  return { id: randomUUID(), app: 'billing', sha256, roles: ['app'], kind: 'workload' };
}

function twin(): Subject {
  const directory = new DirectoryTwin();
  const published = new Map<string, { connections: readonly IdentityConnection[]; keys: readonly AppKey[] }>();
  return {
    tenants: () => Promise.resolve([aTenantContext(tenantA), aTenantContext(tenantB)]),
    publish({ tenant }, connections, keys) {
      for (const { id } of published.get(tenant)?.connections ?? []) directory.distrust(tenant, id);
      for (const { id } of published.get(tenant)?.keys ?? []) directory.revokeKey(id);
      for (const connection of connections) directory.trust(tenant, connection);
      for (const key of keys) directory.keep(tenant, key);
      published.set(tenant, { connections, keys });
      return Promise.resolve();
    },
    find: (issuer) => directory.find(issuer),
    findAppKey: (sha256) => directory.findAppKey(sha256),
  };
}

function valueOf<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (!result.ok) throw new Error('the directory is unavailable');
  return result.value;
}

let database: TestDatabase;
let adapter: ConnectionDirectory;
const subjects: Record<string, Subject> = { 'the twin': twin() };

beforeAll(async () => {
  database = await startDatabase();
  const api = database.plane('writ_tenant_api');
  const signer = snapshotSigner(generateKeyPairSync('ed25519').privateKey);
  adapter = connectionDirectory(database.plane('writ_gateway'), { onProblem: () => undefined });
  const versions = new Map<string, number>();
  subjects['the adapter'] = {
    tenants: async () => [await database.tenant(), await database.tenant()],
    async publish(tenant, connections, appKeys) {
      const version = (versions.get(tenant.tenant) ?? 0) + 1;
      versions.set(tenant.tenant, version);
      const snapshot = aSnapshot({ tenant: tenant.tenant, version, connections, appKeys });
      await withTenant(api, tenant, (transaction) => publishSnapshot(transaction, snapshot, signer));
    },
    find: async (issuer) => valueOf(await adapter.find(issuer)),
    findAppKey: async (sha256) => valueOf(await adapter.findAppKey(sha256)),
  };
});

afterAll(async () => {
  await adapter.close();
  await database.close();
});

describe.each(['the twin', 'the adapter'])('a directory of connections: %s', (name) => {
  const subject = (): Subject => {
    const found = subjects[name];
    if (!found) throw new Error(`no subject ${name}`);
    return found;
  };

  it('T8: names every tenant that trusts an issuer, each with its own connection, and nobody for another issuer', async () => {
    const directory = subject();
    const [one, other] = await directory.tenants();
    const issuer = `https://${randomUUID()}.example`;
    const [mine, theirs] = [aConnection(issuer, 'one'), aConnection(issuer, 'other')];
    await directory.publish(one, [mine], []);
    await directory.publish(other, [theirs], []);
    await eventually(async () => {
      const found = (await directory.find(issuer)).map(({ tenant, connection }) => [tenant, connection.id]);
      expect(new Set(found.map(String))).toEqual(
        new Set(
          [
            [one.tenant, mine.id],
            [other.tenant, theirs.id],
          ].map(String),
        ),
      );
    });
    expect(await directory.find('https://nobody.example')).toEqual([]);
  });

  it('forgets what a tenant no longer publishes', async () => {
    const directory = subject();
    const [tenant] = await directory.tenants();
    const issuer = `https://${randomUUID()}.example`;
    const key = aKey('writ_secret_of_an_app');
    await directory.publish(tenant, [aConnection(issuer, 'x')], [key]);
    await eventually(async () => expect((await directory.findAppKey(key.sha256))?.key.id).toBe(key.id));
    await directory.publish(tenant, [], []);
    await eventually(async () =>
      expect([await directory.find(issuer), await directory.findAppKey(key.sha256)]).toEqual([[], undefined]),
    );
  });
});
