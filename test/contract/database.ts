import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TenantContext, type TenantId, parseTenantId, tenantOfJob } from '@writ/domain';
import { type LocalPostgres, startPostgres } from '@writ/local';
import {
  type Login,
  type Passwords,
  type PlanePool,
  logOrigin,
  logins,
  migrate,
  planePool,
  provisionTenant,
} from '@writ/postgres';
import { Client } from 'pg';

/** A migrated, durable Postgres of one suite, in a folder that goes with it. */
export interface TestDatabase {
  /** Another one after `restart`. */
  readonly server: LocalPostgres;
  plane(login: Login, max?: number): PlanePool;
  /** A session outside every pool; closed with the database. */
  session(login: Login | 'postgres'): Promise<Client>;
  tenant(): Promise<TenantContext>;
  /** Starts the server again on its port, after a kill. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startDatabase(settings: readonly string[] = [], upTo?: string): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-test-'));
  const start = (port?: number): Promise<LocalPostgres> =>
    startPostgres({
      dataDir: join(folder, 'postgres'),
      log: () => undefined,
      settings,
      ...(port === undefined ? {} : { port }),
    });
  let server = await start();
  await migrate(server.url('postgres'), passwordsOf(server), [], upTo === undefined ? {} : { upTo });
  const planes: PlanePool[] = [];
  const sessions: Client[] = [];
  const plane = (login: Login, max = 4): PlanePool => {
    const made = planePool(login, { url: server.url(login), max });
    planes.push(made);
    return made;
  };
  let provisioner: PlanePool | undefined;
  return {
    get server() {
      return server;
    },
    plane,
    async session(login) {
      const client = new Client({ connectionString: server.url(login) });
      client.on('error', () => undefined);
      await client.connect();
      sessions.push(client);
      return client;
    },
    async tenant() {
      const id = aTenantId();
      provisioner ??= plane('writ_tenant_api', 2);
      await provisionTenant(provisioner, { tenant: id, origin: logOrigin('ledger.example.org', id) });
      return tenantOfJob(id);
    },
    async restart() {
      server = await start(server.port);
    },
    async close() {
      await Promise.all([...planes.map((each) => each.close()), ...sessions.map((each) => each.end())]);
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
      if (server.folder !== join(folder, 'postgres')) rmSync(server.folder, { recursive: true, force: true });
    },
  };
}

export function passwordsOf(server: LocalPostgres): Passwords {
  return Object.fromEntries(logins.map((login) => [login, server.password(login)])) as Passwords;
}

export function aTenantId(): TenantId {
  const parsed = parseTenantId(randomUUID());
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
