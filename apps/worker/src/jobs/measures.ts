import { createServer, type Server } from 'node:http';
import { createMetrics } from '@writ/platform';
import type { QueueDepth } from '@writ/postgres';
import { jobClasses } from './classes.js';
import type { JobResult } from './runtime.js';

/** What operators see of the jobs: how many wait, how long the oldest has, what failed, what was given up. */
export interface JobMeasures {
  depths(found: readonly QueueDepth[]): void;
  result(queue: string, result: JobResult, ms: number): void;
  reconciled(queue: string, entries: number): void;
  text(): Promise<string>;
}

export function jobMeasures(metrics = createMetrics()): JobMeasures {
  const of = ['queue'];
  const waiting = metrics.gauge('writ_jobs_waiting', 'Jobs that wait in the outbox, of all tenants.', of);
  const inFlight = metrics.gauge('writ_jobs_in_flight', 'Jobs handed to a queue and not settled.', of);
  const dead = metrics.gauge('writ_jobs_dead', 'Jobs given up, which wait for an operator.', of);
  const oldest = metrics.gauge('writ_jobs_oldest_seconds', 'How long the oldest due job has waited.', of);
  const results = metrics.counter('writ_jobs_total', 'Runs by their result.', ['queue', 'result']);
  const lost = metrics.counter('writ_jobs_refed_total', 'Entries that a queue had lost and was fed again.', of);
  const took = metrics.histogram('writ_job_seconds', 'Duration of a run.', of, [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600]);
  return {
    depths(found) {
      // A class without a row has nothing waiting, and must not go on showing what it had.
      const empty = { waiting: 0, inFlight: 0, dead: 0, oldestMs: 0 };
      const all = new Map<string, QueueDepth>(
        Object.values(jobClasses).map(({ queue }) => [queue, { queue, ...empty }]),
      );
      for (const one of found) all.set(one.queue, one);
      for (const one of all.values()) {
        waiting.set({ queue: one.queue }, one.waiting);
        inFlight.set({ queue: one.queue }, one.inFlight);
        dead.set({ queue: one.queue }, one.dead);
        oldest.set({ queue: one.queue }, one.oldestMs / 1_000);
      }
    },
    result(queue, result, ms) {
      results.tally({ queue, result });
      took.observe({ queue }, ms / 1_000);
    },
    reconciled(queue, entries) {
      if (entries > 0) lost.tally({ queue }, entries);
    },
    text: () => metrics.registry.metrics(),
  };
}

/** The operators' listener, on the loopback address alone. */
export function serveMeasures(port: number, measures: JobMeasures): Server {
  const server = createServer((request, response) => {
    const answer = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
    };
    if (request.url === '/livez' || request.url === '/readyz') return answer(200, 'ok\n');
    if (request.url !== '/metrics') return answer(404, 'not here\n');
    measures.text().then(
      (text) => answer(200, text),
      () => answer(503, 'the measures cannot be read\n'),
    );
  });
  return server.listen(port, '127.0.0.1');
}
