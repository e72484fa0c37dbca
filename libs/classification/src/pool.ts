import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Classification, Leaf, TaxonomySource } from '@writ/domain';
import { classification, conclude, type Plan } from './classify.js';
import type { Scans } from './scan-leaves.js';
import type { Taxonomy } from './taxonomy/taxonomy.js';

/** One request to classify: the plan, with the bundle here and its source for the workers. */
export interface PoolJob {
  readonly plan: Plan;
  readonly taxonomy: Taxonomy;
  readonly source: TaxonomySource;
  readonly digestKey: Uint8Array;
  readonly budgetMs: number;
}

/** What crosses to a worker: leaves and a bundle's number; its source goes once to each worker. */
export interface PoolMessage {
  readonly job: number;
  readonly leaves: readonly Leaf[];
  readonly digestKey: Uint8Array;
  readonly budgetMs: number;
  readonly bundle: number;
  readonly source: TaxonomySource | undefined;
  readonly forget: number | undefined;
}

export type PoolAnswer =
  { readonly job: number; readonly ok: true; readonly scans: Scans } | { readonly job: number; readonly ok: false };

interface Waiting {
  readonly job: number;
  readonly work: PoolJob;
  readonly settle: (found: Classification) => void;
}

interface Seat {
  worker: Worker;
  busy: Waiting | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Bundles that the worker holds, the oldest first. */
  readonly known: number[];
}

const MAX_WAITING = 256;
const MAX_BUNDLES = 32;
/** Given to a worker beyond its own budget before it is ended and replaced. */
const GRACE_MS = 250;

/**
 * Classifies large inputs on worker threads, so that the main thread's slice stays short. A worker that overruns is
 * terminated and replaced, and its text comes back incomplete: nothing fails open.
 */
export class ClassifierPool {
  readonly #seats: Seat[] = [];
  readonly #queue: Waiting[] = [];
  /** By identity: two tenants' sources are never taken for one, whatever their versions say. */
  readonly #numbers = new WeakMap<TaxonomySource, number>();
  #bundles = 0;
  #next = 0;
  #closed = false;

  constructor(workers: number = Math.max(1, Math.min(availableParallelism() - 1, 4))) {
    for (let count = 0; count < workers; count += 1) this.#seats.push(this.#hire());
  }

  classify(work: PoolJob): Promise<Classification> {
    const { promise, resolve } = Promise.withResolvers<Classification>();
    this.#next += 1;
    if (this.#closed || this.#queue.length >= MAX_WAITING) resolve(unread(work, 'budget:workers'));
    else this.#queue.push({ job: this.#next, work, settle: resolve });
    this.#assign();
    return promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#queue.splice(0)) waiting.settle(unread(waiting.work, 'budget:workers'));
    await Promise.all(this.#seats.map((seat) => seat.worker.terminate()));
  }

  #hire(): Seat {
    const seat: Seat = { worker: this.#start(), busy: undefined, timer: undefined, known: [] };
    this.#listen(seat);
    return seat;
  }

  #start(): Worker {
    const worker = new Worker(new URL('pool-worker.js', import.meta.url));
    worker.unref();
    return worker;
  }

  #listen(seat: Seat): void {
    const { worker } = seat;
    worker.on('message', (answer: PoolAnswer) => {
      if (seat.worker !== worker || seat.busy?.job !== answer.job) return;
      const { work } = seat.busy;
      const read = answer.ok ? conclude(work.plan, answer.scans, work.taxonomy) : unread(work, 'detector:failed');
      this.#settle(seat, read);
    });
    worker.on('error', () => this.#replace(seat, worker, 'detector:failed'));
    worker.on('exit', () => this.#replace(seat, worker, 'detector:failed'));
  }

  #replace(seat: Seat, worker: Worker, reason: string): void {
    if (this.#closed || seat.worker !== worker) return;
    seat.worker = this.#start();
    seat.known.length = 0;
    this.#listen(seat);
    void worker.terminate();
    if (seat.busy) this.#settle(seat, unread(seat.busy.work, reason));
  }

  #settle(seat: Seat, found: Classification): void {
    clearTimeout(seat.timer);
    const { busy } = seat;
    seat.busy = undefined;
    seat.worker.unref();
    busy?.settle(found);
    this.#assign();
  }

  #message(seat: Seat, { job, work: { plan, source, digestKey, budgetMs } }: Waiting): PoolMessage {
    const bundle = this.#numbers.get(source) ?? ++this.#bundles;
    this.#numbers.set(source, bundle);
    const message = { job, leaves: plan.missing, digestKey, budgetMs, bundle };
    if (seat.known.includes(bundle)) return { ...message, source: undefined, forget: undefined };
    seat.known.push(bundle);
    const forget = seat.known.length > MAX_BUNDLES ? seat.known.shift() : undefined;
    return { ...message, source, forget };
  }

  #assign(): void {
    for (const seat of this.#seats) {
      if (seat.busy) continue;
      const waiting = this.#queue.shift();
      if (!waiting) return;
      seat.busy = waiting;
      const { worker } = seat;
      worker.ref();
      seat.timer = setTimeout(() => this.#replace(seat, worker, 'budget:time'), waiting.work.budgetMs + GRACE_MS);
      // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin.
      worker.postMessage(this.#message(seat, waiting));
    }
  }
}

/** What is known of a text that nobody read: nothing, and that is said. */
function unread({ plan, source }: PoolJob, reason: string): Classification {
  return classification([], source.version, 0, 0, new Set([...plan.incomplete, reason]));
}
