import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
import { eventually } from './eventually.js';

/** A migrated, durable Postgres of one suite, in a folder that goes with it. */
export interface TestDatabase {
  /** Another one after `restart`. */
  readonly server: LocalPostgres;
  plane(login: Login, max?: number): PlanePool;
  /** A session outside every pool; closed with the database. */
  session(login: Login | 'postgres'): Promise<Client>;
  tenant(): Promise<TenantContext>;
  /** Kills the server, and resolves when none of its backends is left: one may outlive it for a moment and still commit. */
  crash(): Promise<void>;
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
    // A busy machine takes longer than a second to open a connection, which is no fault of what is tested.
    const made = planePool(login, { url: server.url(login), max, connectMs: 10_000 });
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
    async crash() {
      const admin = new Client({ connectionString: server.url('postgres') });
      admin.on('error', () => undefined);
      await admin.connect();
      const { rows } = await admin.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
      await server.kill('SIGKILL');
      await eventually(() => {
        const left = rows.filter(({ pid }) => isAlive(pid));
        if (left.length > 0) throw new Error(`${left.length} backends outlive their server`);
      }, 30_000);
      await admin.end().catch(() => undefined);
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

/** A process that ended and that nobody has asked after yet is as good as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (cause) {
    return !(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH') && existsSync(`/proc/${pid}`);
  }
}

export function passwordsOf(server: LocalPostgres): Passwords {
  return Object.fromEntries(logins.map((login) => [login, server.password(login)])) as Passwords;
}

export function aTenantId(): TenantId {
  const parsed = parseTenantId(randomUUID());
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
