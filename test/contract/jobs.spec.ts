import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import type { LocalRedis } from '@writ/local';
import { systemClock } from '@writ/platform';
import { type PlanePool, enqueueAlone, jobIdOf, schemaOf, withTenant, workIndex } from '@writ/postgres';
import { type QueueBackend, openJobs } from '@writ/redis';
import { JobFailed, Runtime } from '@writ/worker';
import { Redis } from 'ioredis';
import { type TestDatabase, startDatabase } from './database.js';
import { eventually } from './eventually.js';
import { type JobRoom, enqueued, forward, jobRoom, quick, seal } from './job-room.js';
import { startServer } from './limits-room.js';

let database: TestDatabase;
let redis: LocalRedis;
let plane: PlanePool;
let tenant: TenantContext;
const rooms: JobRoom[] = [];

beforeAll(async () => {
  [database, redis] = await Promise.all([startDatabase(), startServer()]);
  plane = database.plane('writ_worker', 10);
});
afterAll(async () => {
  await Promise.all(rooms.map((room) => room.stop()));
  await database.close();
  await redis.stop();
});

const overRedis = (): QueueBackend => ({ kind: 'redis', url: redis.url });
const overPostgres = (): QueueBackend => ({ kind: 'postgres', url: database.server.url('writ_queue') });

function open(...given: Parameters<typeof jobRoom> extends [PlanePool, ...infer Rest] ? Rest : never): JobRoom {
  const room = jobRoom(plane, ...given);
  rooms.push(room);
  return room;
}

async function close(room: JobRoom): Promise<void> {
  await room.stop();
  rooms.splice(rooms.indexOf(room), 1);
}

async function left(of: TenantContext = tenant): Promise<number> {
  const rows = await withTenant(plane, of, ({ query }) =>
    query<{ n: number }>('SELECT count(*)::int AS n FROM control.work WHERE dead_at IS NULL'),
  );
  return rows[0]?.n ?? -1;
}

async function dead(of: TenantContext): Promise<readonly { readonly id: string; readonly failure: string }[]> {
  return withTenant(plane, of, ({ query }) =>
    query<{ id: string; failure: string }>(
      'SELECT id, failure FROM control.work WHERE dead_at IS NOT NULL ORDER BY id',
    ),
  );
}

describe.each([
  ['Redis', overRedis],
  ['Postgres', overPostgres],
])('jobs over %s', (_name, backend) => {
  it('are done once each, whoever enqueued them and however often', async () => {
    tenant = await database.tenant();
    const done: string[] = [];
    const room = open(backend(), async ({ id }) => void done.push(id));
    const ids = await Promise.all(Array.from({ length: 20 }, () => enqueued(plane, tenant)));
    const again = jobIdOf(tenant.tenant, quick.queue, 'the same');
    const gateway = database.plane('writ_gateway', 1);
    const job = { id: again, queue: quick.queue, payload: {} };
    expect(await enqueueAlone(gateway, tenant.tenant, job)).toBe(true);
    expect(await enqueueAlone(gateway, tenant.tenant, job)).toBe(false);
    await eventually(async () => expect(await left()).toBe(0));
    expect(done.toSorted()).toEqual([...ids, again].toSorted());
    await close(room);
  });

  it('F28: are tried five times, then given up, and a tenant beside is not delayed', async () => {
    tenant = await database.tenant();
    const beside = await database.tenant();
    const room = open(backend(), async ({ payload }) => {
      if (payload['poison'] === true) throw new JobFailed('the sink says 500');
    });
    const poison = await enqueued(plane, tenant, { poison: true });
    await enqueued(plane, beside);
    await eventually(async () => expect(await left(beside)).toBe(0));
    await eventually(async () => expect(await dead(tenant)).toEqual([{ id: poison, failure: 'the sink says 500' }]));
    expect(room.results.filter((result) => result === 'failed')).toHaveLength(4);
    expect(room.results.filter((result) => result === 'dead')).toHaveLength(1);
    await close(room);
  });
});

describe('the outbox', () => {
  it('keeps the row of a job and its effect in one transaction: both or neither', async () => {
    tenant = await database.tenant();
    const schema = schemaOf(tenant.tenant);
    const room = open(overRedis(), async ({ id, attempt, finish }) => {
      await finish(async ({ query }) => {
        await query(
          `INSERT INTO ${schema}.outbox (tenant_id, id, queue, payload, done_at) VALUES ($1, $2, 'effect', $3, now())`,
          [tenant.tenant, randomUUID(), JSON.stringify({ of: id, attempt })],
        );
        if (attempt === 1) throw new JobFailed('the effect failed in the middle');
      });
    });
    const id = await enqueued(plane, tenant);
    await eventually(async () => expect(await left()).toBe(0));
    const effects = await withTenant(plane, tenant, ({ query }) =>
      query<{ payload: object }>(`SELECT payload FROM ${schema}.outbox WHERE queue = 'effect'`),
    );
    expect(effects).toEqual([{ payload: { of: id, attempt: 2 } }]);
    await close(room);
  });

  it('F27: of two runs of one job, the overtaken one settles nothing and its effect is undone', async () => {
    tenant = await database.tenant();
    const index = workIndex(plane);
    const id = await enqueued(plane, tenant);
    const first = await index.begin(tenant, id, 5);
    const second = await index.begin(tenant, id, 5);
    if (first.kind !== 'begun' || second.kind !== 'begun') throw new Error('both runs begin');
    const effects: string[] = [];
    await index.finish(second.job, async () => void effects.push('second'));
    await expect(index.finish(first.job, async () => void effects.push('first'))).rejects.toThrow('overtaken');
    expect(await index.fail(first.job, 'late', 5, 0)).toBe(false);
    expect(effects).toEqual(['second']);
    expect(await left()).toBe(0);
  });

  it('gives up a job whose worker ended in the middle each time', async () => {
    tenant = await database.tenant();
    const index = workIndex(plane);
    const id = await enqueued(plane, tenant);
    for (let run = 1; run <= 5; run += 1) expect((await index.begin(tenant, id, 5)).kind).toBe('begun');
    expect(await index.begin(tenant, id, 5)).toEqual({ kind: 'given-up' });
    expect(await dead(tenant)).toEqual([{ id, failure: 'its worker ended in the middle, each time' }]);
  });

  it('refuses a job of a tenant that is not the transaction’s own', async () => {
    tenant = await database.tenant();
    const other = await database.tenant();
    const foreign = withTenant(plane, tenant, ({ query }) =>
      query('SELECT control.enqueue($1, $2, $3, $4, 0, 1)', [other.tenant, randomUUID(), 'test', '{}']),
    );
    await expect(foreign).rejects.toThrow('belongs to another tenant');
    const disguised = withTenant(plane, tenant, async ({ query }) => {
      await query("SELECT set_config('app.tenant', $1, true)", [other.tenant]);
      await query('SELECT control.enqueue($1, $2, $3, $4, 0, 1)', [other.tenant, randomUUID(), 'test', '{}']);
    });
    await expect(disguised).rejects.toThrow('belongs to another tenant');
    expect(await left(other)).toBe(0);
  });
});

describe('an entry of a queue', () => {
  it('X10: that claims another tenant than its row has, or that we did not seal, is refused and runs nothing', async () => {
    tenant = await database.tenant();
    const other = await database.tenant();
    const problems: string[] = [];
    let runs = 0;
    const runtime = new Runtime(quick, async () => void (runs += 1), {
      index: workIndex(plane),
      seal,
      clock: systemClock,
      random: () => 0,
      stopping: new AbortController().signal,
      onProblem: (problem) => problems.push(problem),
      onResult: () => undefined,
      reached: () => undefined,
    });
    const job = await enqueued(plane, tenant);
    const genuine = seal.seal(quick.queue, { tenant: tenant.tenant, job, attempt: 0 });
    expect(await runtime.take({ ...genuine, tenant: other.tenant })).toBe('refused');
    expect(await runtime.take({ ...genuine, mac: 'AAAA' })).toBe('refused');
    // A compromised worker has the key; what it seals is still checked against the row.
    expect(await runtime.take(seal.seal(quick.queue, { ...genuine, tenant: other.tenant }))).toBe('refused');
    expect(runs).toBe(0);
    expect(await runtime.take(genuine)).toBe('done');
    expect(runs).toBe(1);
    expect(problems.join()).toContain('another tenant');
  });
});

describe('Redis', () => {
  it('F20: flushed under load, loses no job', async () => {
    tenant = await database.tenant();
    const done = new Set<string>();
    const room = open(overRedis(), async ({ id }) => void done.add(id));
    const admin = new Redis(redis.url);
    const ids: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      ids.push(...(await Promise.all(Array.from({ length: 15 }, () => enqueued(plane, tenant)))));
      await admin.flushall();
    }
    admin.disconnect();
    await eventually(async () => expect(await left()).toBe(0), 20_000);
    expect([...done].toSorted()).toEqual(ids.toSorted());
    await close(room);
  }, 40_000);

  it('F19, F24: stopped, keeps every job, and workers resume by themselves when it is back', async () => {
    tenant = await database.tenant();
    const done: string[] = [];
    const room = open(overRedis(), async ({ id }) => void done.push(id));
    await enqueued(plane, tenant);
    await eventually(() => expect(done).toHaveLength(1));
    const { port } = new URL(redis.url);
    await redis.kill('SIGKILL');
    await Promise.all(Array.from({ length: 5 }, () => enqueued(plane, tenant)));
    expect(await left()).toBe(5);
    redis = await startServer(Number(port));
    const from = performance.now();
    await eventually(async () => expect(await left()).toBe(0), 20_000);
    expect(performance.now() - from).toBeLessThan(10_000);
    await close(room);
  }, 60_000);

  it('F23: full, keeps its jobs in the outbox until it takes writes again', async () => {
    tenant = await database.tenant();
    const room = open(overRedis(), async () => undefined);
    const admin = new Redis(redis.url);
    await admin.config('SET', 'maxmemory', '1');
    await enqueued(plane, tenant);
    const jobs = await openJobs({ backend: overRedis(), onProblem: () => undefined });
    await expect(
      jobs.feed('test', [seal.seal('test', { tenant: tenant.tenant, job: 'x', attempt: 0 })]),
    ).rejects.toThrow();
    expect(await left()).toBe(1);
    await admin.config('SET', 'maxmemory', '0');
    admin.disconnect();
    await jobs.close();
    await eventually(async () => expect(await left()).toBe(0), 20_000);
    await close(room);
  }, 40_000);

  it('F24: failed over to a replica, the workers go on with it', async () => {
    const replica = await startServer();
    const { port } = new URL(redis.url);
    const admin = new Redis(replica.url);
    await admin.replicaof('127.0.0.1', Number(port));
    tenant = await database.tenant();
    const done: string[] = [];
    const room = open(overRedis(), async ({ id }) => void done.push(id));
    await enqueued(plane, tenant);
    await eventually(() => expect(done).toHaveLength(1));
    await redis.kill('SIGKILL');
    await Promise.all(Array.from({ length: 3 }, () => enqueued(plane, tenant)));
    // What a sentinel would do: promote the replica, and let it answer where the primary did.
    await admin.replicaof('NO', 'ONE');
    const promoted = await forward(Number(port), Number(new URL(replica.url).port));
    await eventually(async () => expect(await left()).toBe(0), 20_000);
    expect(done).toHaveLength(4);
    await close(room);
    admin.disconnect();
    await promoted.close();
    await replica.stop();
    redis = await startServer(Number(port));
  }, 60_000);
});

describe('a graceful stop', () => {
  it('lets what runs end and takes nothing new', async () => {
    tenant = await database.tenant();
    const [begun, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const done: string[] = [];
    const room = jobRoom(plane, overRedis(), async ({ id }) => {
      begun.resolve();
      await release.promise;
      done.push(id);
    });
    const first = await enqueued(plane, tenant);
    await begun.promise;
    const stopped = room.stop().then(() => done.push('stopped'));
    const second = await enqueued(plane, tenant);
    release.resolve();
    await stopped;
    expect(done).toEqual([first, 'stopped']);
    const next = open(overRedis(), async ({ id }) => void done.push(id));
    await eventually(async () => expect(await left()).toBe(0), 20_000);
    expect(done).toEqual([first, 'stopped', second]);
    await close(next);
  }, 40_000);
});

describe('a crowd', () => {
  it('F29: of jobs of one tenant lets another tenant’s job through ahead of it', async () => {
    const loud = await database.tenant();
    const quiet = await database.tenant();
    const order: string[] = [];
    await Promise.all(Array.from({ length: 300 }, () => enqueued(plane, loud)));
    const room = open(overRedis(), async ({ tenant: of }) => void order.push(of.tenant));
    await eventually(() => expect(order.length).toBeGreaterThan(20));
    const before = order.length;
    await enqueued(plane, quiet);
    await eventually(() => expect(order).toContain(quiet.tenant));
    // At most what was in the queue already, and one turn of the dispatcher, stood before it.
    expect(order.indexOf(quiet.tenant) - before).toBeLessThan(quick.depth * 2);
    await close(room);
  }, 40_000);
});
