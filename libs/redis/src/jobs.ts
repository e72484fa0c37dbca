import { Queue, Worker, type Processor, type QueueOptions } from 'bullmq';
import { connectRedis, type RedisSettings } from './connection.js';

/** A BullMQ queue. Jobs are hints: their truth is the outbox in Postgres, whose ids they carry. */
export interface Jobs {
  queue(name: string): Queue<{ readonly id: string }>;
  worker(name: string, work: Processor<{ readonly id: string }>, concurrency: number): Worker<{ readonly id: string }>;
  close(): Promise<void>;
}

const kept = { count: 1_000 };

/** Refuses to start on a Redis that may drop jobs on its own. */
export async function openJobs(settings: RedisSettings): Promise<Jobs> {
  const probe = connectRedis(settings);
  const fitness = await probe.fitness();
  await probe.close();
  if (fitness !== 'fit')
    throw new Error(
      fitness === 'unfit'
        ? 'the job queue needs a Redis with maxmemory-policy noeviction; its operators must set it'
        : 'the job queue needs a Redis that answers',
    );
  const connection: QueueOptions['connection'] = { url: settings.url, maxRetriesPerRequest: null };
  const open: { close(): Promise<void> }[] = [];
  return {
    queue(name) {
      const queue = new Queue<{ readonly id: string }>(name, {
        connection,
        defaultJobOptions: {
          attempts: 10,
          backoff: { type: 'exponential', delay: 1_000, jitter: 0.5 },
          removeOnComplete: kept,
          removeOnFail: kept,
        },
      });
      queue.on('error', (cause) => settings.onProblem(`the queue ${name} lost its Redis`, cause));
      open.push(queue);
      return queue;
    },
    worker(name, work, concurrency) {
      const worker = new Worker<{ readonly id: string }>(name, work, { connection, concurrency });
      worker.on('error', (cause) => settings.onProblem(`the worker of ${name} lost its Redis`, cause));
      open.push(worker);
      return worker;
    },
    async close() {
      for (const one of open.toReversed()) await one.close();
    },
  };
}
