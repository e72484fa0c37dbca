import {
  type PostgresPoolConfig,
  Queue,
  type QueueOptions,
  Worker,
  type WorkerOptions,
  createPostgresBackend,
} from 'bullmq';
import { connectRedis } from './connection.js';

/** What a queue holds of a job: whose it claims to be, and a MAC over that. The truth is the outbox in Postgres. */
export interface QueueEntry {
  readonly tenant: string;
  /** The outbox row's id. */
  readonly job: string;
  readonly attempt: number;
  readonly mac: string;
}

/** Where entries wait: Redis, or Postgres for an edition without Redis. Either may be lost whole; a reconciler feeds it again. */
export type QueueBackend =
  { readonly kind: 'redis'; readonly url: string } | { readonly kind: 'postgres'; readonly url: string };

export interface JobsSettings {
  readonly backend: QueueBackend;
  readonly onProblem: (what: string, cause?: unknown) => void;
}

export interface QueueWorker {
  /** Takes nothing new, and resolves when what runs has ended; with `force` at once. */
  close(force?: boolean): Promise<void>;
}

/** One BullMQ queue for each class of jobs. */
export interface Jobs {
  /** Rejects when the backend does not take them. An entry of the same job and attempt is there once. */
  feed(queue: string, entries: readonly QueueEntry[]): Promise<void>;
  /** Those of the given entries that the queue does not hold any more, waiting or active. */
  missing(
    queue: string,
    entries: readonly { readonly id: string; readonly attempt: number }[],
  ): Promise<readonly { readonly id: string; readonly attempt: number }[]>;
  worker(queue: string, work: (entry: QueueEntry) => Promise<void>, concurrency: number): QueueWorker;
  close(): Promise<void>;
}

/** A queue's own retries are off: attempts are counted in Postgres, where losing Redis does not reset them. */
const jobOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true };
const retryStrategy = (times: number): number => Math.min(1_000, 50 * 2 ** Math.min(times, 5));
const lockMs = 30_000;

const entryIdOf = (id: string, attempt: number): string => `${id}.${attempt}`;

/** Refuses to start on a Redis that may drop keys on its own, or that does not answer. */
export async function openJobs(settings: JobsSettings): Promise<Jobs> {
  const { backend } = settings;
  if (backend.kind === 'redis') await requireFitness(backend.url);
  const backing = backend.kind === 'redis' ? overRedis(backend.url) : overPostgres(backend.url);
  if (backend.kind === 'postgres') await requireSchema(backing);
  return new OpenJobs(backing, settings);
}

async function requireFitness(url: string): Promise<void> {
  const probe = connectRedis({ url, onProblem: () => undefined });
  const fitness = await probe.fitness();
  await probe.close();
  if (fitness === 'fit') return;
  throw new Error(
    fitness === 'unfit'
      ? 'the job queue needs a Redis with maxmemory-policy noeviction; its operators must set it'
      : 'the job queue needs a Redis that answers',
  );
}

/** Makes the schema once, before any worker asks for it: a worker whose start fails asks again without a pause. */
async function requireSchema(backing: Backing): Promise<void> {
  const probe = backing.queue('probe');
  probe.on('error', () => undefined);
  try {
    await probe.waitUntilReady();
  } finally {
    await probe.close();
  }
}

type Taken = Pick<Worker, 'on' | 'close'>;

interface Backing {
  queue(name: string): Queue<QueueEntry>;
  worker(name: string, work: (job: { readonly data: QueueEntry }) => Promise<void>, concurrency: number): Taken;
}

function overRedis(url: string): Backing {
  // A feeder fails fast, for the row stays in Postgres; a worker waits for its Redis as long as it takes.
  const feeding: QueueOptions['connection'] = {
    url,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    commandTimeout: 2_000,
    retryStrategy,
  };
  const working: WorkerOptions['connection'] = { url, maxRetriesPerRequest: null, retryStrategy };
  return {
    queue: (name) =>
      new Queue<QueueEntry>(name, { connection: feeding, defaultJobOptions: jobOptions, skipVersionCheck: true }),
    worker: (name, work, concurrency) =>
      new Worker<QueueEntry>(name, work, {
        connection: working,
        concurrency,
        lockDuration: lockMs,
        stalledInterval: lockMs / 2,
        maxStalledCount: 0,
        skipVersionCheck: true,
        drainDelay: 1,
      }),
  };
}

function overPostgres(url: string): Backing {
  const connection: PostgresPoolConfig = { connectionString: url, schema: 'bullmq', migrate: true, max: 2 };
  return {
    queue: (name) =>
      new Queue(
        name,
        { connection, defaultJobOptions: jobOptions },
        createPostgresBackend,
      ) as unknown as Queue<QueueEntry>,
    worker: (name, work, concurrency) =>
      new Worker(
        name,
        (job: { readonly data: QueueEntry }) => work(job),
        {
          connection,
          concurrency,
          lockDuration: lockMs,
          stalledInterval: lockMs / 2,
          maxStalledCount: 0,
          drainDelay: 1,
        },
        createPostgresBackend,
      ) as unknown as Taken,
  };
}

class OpenJobs implements Jobs {
  readonly #backing: Backing;
  readonly #settings: JobsSettings;
  readonly #queues = new Map<string, Queue<QueueEntry>>();
  readonly #workers: QueueWorker[] = [];

  constructor(backing: Backing, settings: JobsSettings) {
    this.#backing = backing;
    this.#settings = settings;
  }

  async feed(queue: string, entries: readonly QueueEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const items = entries.map((data) => ({ name: queue, data, opts: { jobId: entryIdOf(data.job, data.attempt) } }));
    await this.#queue(queue).addBulk(items);
  }

  async missing(
    queue: string,
    entries: readonly { readonly id: string; readonly attempt: number }[],
  ): Promise<readonly { readonly id: string; readonly attempt: number }[]> {
    const open = this.#queue(queue);
    const held = await Promise.all(entries.map(({ id, attempt }) => open.getJobState(entryIdOf(id, attempt))));
    return entries.filter((_entry, at) => !present.has(held[at] ?? 'unknown'));
  }

  worker(queue: string, work: (entry: QueueEntry) => Promise<void>, concurrency: number): QueueWorker {
    const worker = this.#backing.worker(queue, (job) => work(job.data), concurrency);
    worker.on('error', (cause) => this.#settings.onProblem(`the worker of ${queue} lost its queue`, cause));
    const made: QueueWorker = { close: (force = false) => worker.close(force) };
    this.#workers.push(made);
    return made;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }

  #queue(name: string): Queue<QueueEntry> {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue = this.#backing.queue(name);
    queue.on('error', (cause) => this.#settings.onProblem(`the queue ${name} is out of reach`, cause));
    this.#queues.set(name, queue);
    return queue;
  }
}

/** States of an entry that will still be worked on by itself. */
const present: ReadonlySet<string> = new Set(['waiting', 'active', 'delayed', 'prioritized', 'paused', 'wait']);
