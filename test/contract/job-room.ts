import { randomBytes, randomUUID } from 'node:crypto';
import { connect, createServer } from 'node:net';
import type { JsonObject, TenantContext } from '@writ/domain';
import { systemClock } from '@writ/platform';
import { type PlanePool, enqueue, withTenant, workIndex } from '@writ/postgres';
import { type QueueBackend, openJobs } from '@writ/redis';
import { type JobClass, type JobHandler, type JobResult, entrySeal, jobMeasures, runJobHouse } from '@writ/worker';

export const seal = entrySeal(randomBytes(32));

export const quick: JobClass = {
  queue: 'test',
  concurrency: 8,
  perTenant: 4,
  depth: 32,
  attempts: 5,
  timeoutMs: 20_000,
};

export interface JobRoom {
  readonly results: JobResult[];
  stop(): Promise<void>;
}

/** A worker's jobs in this process, on the real queue and the real outbox; retries come at once. */
export function jobRoom(
  plane: PlanePool,
  backend: QueueBackend,
  handler: JobHandler,
  job: JobClass = quick,
  problems: string[] = [],
): JobRoom {
  const results: JobResult[] = [];
  const measures = jobMeasures();
  const index = workIndex(plane);
  const house = runJobHouse({
    open: () => openJobs({ backend, onProblem: (what) => problems.push(what) }),
    // A second's pause after a failure is the runtime's business and has its own test; here it would only be slept through.
    index: { ...index, fail: (begun, failure, most) => index.fail(begun, failure, most, 0) },
    seal,
    clock: systemClock,
    random: () => 0,
    reached: () => undefined,
    handlers: [{ job, handler }],
    measures: {
      ...measures,
      result(queue, result, ms) {
        results.push(result);
        measures.result(queue, result, ms);
      },
    },
    onProblem: (problem) => problems.push(problem),
  });
  return { results, stop: () => house.stop() };
}

export async function enqueued(
  plane: PlanePool,
  tenant: TenantContext,
  payload: JsonObject = {},
  id: string = randomUUID(),
): Promise<string> {
  await withTenant(plane, tenant, ({ query }) => enqueue(query, tenant.tenant, { id, queue: quick.queue, payload }));
  return id;
}

/** A name that now points elsewhere: whoever connects to `from` reaches `to`. */
export async function forward(from: number, to: number): Promise<{ close(): Promise<void> }> {
  const sockets = new Set<{ destroy(): unknown }>();
  const server = createServer((inside) => {
    const outside = connect(to, '127.0.0.1');
    for (const socket of [inside, outside]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        inside.destroy();
        outside.destroy();
      });
    }
    inside.pipe(outside).pipe(inside);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(from, '127.0.0.1', resolve);
  await promise;
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
