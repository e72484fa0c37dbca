import { Worker } from 'node:worker_threads';
import {
  type Attachment,
  type Classification,
  err,
  type Leaf,
  ok,
  type Result,
  type TaxonomySource,
} from '@writ/domain';
import type { ScanResult } from './engine.js';
import type { Scans } from './scan-leaves.js';

/** What a thread can be asked to read. */
export type Task =
  /** The leaves of a request that nobody remembers. */
  | { readonly kind: 'leaves'; readonly leaves: readonly Leaf[] }
  /** Words of an answer. */
  | { readonly kind: 'answer'; readonly text: string }
  /** A whole request by a taxonomy on trial. */
  | {
      readonly kind: 'trial';
      readonly tenant: string;
      readonly leaves: readonly Leaf[];
      readonly attachments: readonly Attachment[];
    };

export interface Reading {
  readonly task: Task;
  readonly source: TaxonomySource;
  readonly digestKey: Uint8Array;
  readonly budgetMs: number;
}

/** What came of a task, by its kind, and how long the thread was at it. */
export type Read = (
  | { readonly kind: 'leaves'; readonly found: Scans }
  | { readonly kind: 'answer'; readonly found: ScanResult }
  | { readonly kind: 'trial'; readonly found: Classification }
) & { readonly spentMs: number };

/** Why a task was not done: the time ran out, nobody was free to take it, the taxonomy does not load, or the reading threw. */
export type Unread = 'budget:time' | 'budget:workers' | 'taxonomy:damaged' | 'detector:failed';

/** What crosses to a thread: the task and a bundle's number; the bundle's source goes once to each thread. */
export interface Message extends Omit<Reading, 'source'> {
  readonly job: number;
  readonly bundle: number;
  readonly source: TaxonomySource | undefined;
  readonly forget: number | undefined;
}

/** The first thing that a thread says, once it can read. */
export const ready = 'ready';

export type Answer = { readonly job: number } & (
  { readonly ok: true; readonly read: Read } | { readonly ok: false; readonly because: Unread }
);

interface Waiting {
  readonly job: number;
  readonly work: Reading;
  readonly settle: (read: Result<Read, Unread>) => void;
}

interface Seat {
  worker: Worker;
  /** False until the thread can read: starting one costs a moment, and more where many start at once. */
  isReady: boolean;
  busy: Waiting | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Bundles that the thread holds, the oldest first. */
  readonly known: number[];
}

export interface ThreadLimits {
  readonly threads: number;
  /** Tasks that may wait for a thread; one more is not taken. */
  readonly waiting: number;
  /** Given to a thread beyond a task's own budget before it is ended and replaced. */
  readonly graceMs: number;
}

const MAX_BUNDLES = 32;
/** A thread that cannot read by then is ended and replaced. The time of its first task begins when it can. */
const START_MS = 10_000;

/**
 * Threads that read, so that the thread that serves everybody does not. One that overruns is terminated and replaced, and
 * its text counts as unread. They are started at once, and do not keep the process alive while they are idle.
 */
export class Threads {
  readonly #seats: Seat[] = [];
  readonly #queue: Waiting[] = [];
  /** By identity: two tenants' sources are never taken for one, whatever their versions say. */
  readonly #numbers = new WeakMap<TaxonomySource, number>();
  #bundles = 0;
  #next = 0;
  #closed = false;

  constructor(private readonly room: ThreadLimits) {
    for (let count = 0; count < room.threads; count += 1) this.#seats.push(this.#hire());
  }

  /** Tasks that wait for a thread. */
  get waiting(): number {
    return this.#queue.length;
  }

  read(work: Reading): Promise<Result<Read, Unread>> {
    const { promise, resolve } = Promise.withResolvers<Result<Read, Unread>>();
    this.#next += 1;
    if (this.#closed || this.#queue.length >= this.room.waiting) resolve(err('budget:workers'));
    else this.#queue.push({ job: this.#next, work, settle: resolve });
    this.#assign();
    return promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#queue.splice(0)) waiting.settle(err('budget:workers'));
    for (const { busy } of this.#seats) busy?.settle(err('budget:workers'));
    for (const { timer } of this.#seats) clearTimeout(timer);
    await Promise.all(this.#seats.map((seat) => seat.worker.terminate()));
  }

  #hire(): Seat {
    const seat: Seat = { worker: this.#start(), isReady: false, busy: undefined, timer: undefined, known: [] };
    this.#listen(seat);
    return seat;
  }

  #start(): Worker {
    const worker = new Worker(new URL('reading-thread.js', import.meta.url));
    worker.unref();
    return worker;
  }

  #listen(seat: Seat): void {
    const { worker } = seat;
    worker.on('message', (answer: Answer | typeof ready) => {
      if (seat.worker !== worker) return;
      if (answer === ready) {
        seat.isReady = true;
        this.#time(seat);
        return;
      }
      if (seat.busy?.job !== answer.job) return;
      this.#settle(seat, answer.ok ? ok(answer.read) : err(answer.because));
    });
    worker.on('error', () => this.#replace(seat, worker, 'detector:failed'));
    worker.on('exit', () => this.#replace(seat, worker, 'detector:failed'));
  }

  #replace(seat: Seat, worker: Worker, because: Unread): void {
    if (this.#closed || seat.worker !== worker) return;
    seat.worker = this.#start();
    seat.isReady = false;
    seat.known.length = 0;
    this.#listen(seat);
    void worker.terminate();
    if (seat.busy) this.#settle(seat, err(because));
  }

  #settle(seat: Seat, read: Result<Read, Unread>): void {
    clearTimeout(seat.timer);
    const { busy } = seat;
    seat.busy = undefined;
    seat.worker.unref();
    busy?.settle(read);
    this.#assign();
  }

  /** Ends the thread when its task takes longer than it may. */
  #time(seat: Seat): void {
    clearTimeout(seat.timer);
    const { busy, worker, isReady } = seat;
    if (!busy) return;
    const afterMs = busy.work.budgetMs + this.room.graceMs + (isReady ? 0 : START_MS);
    seat.timer = setTimeout(() => this.#replace(seat, worker, 'budget:time'), afterMs);
  }

  #message(seat: Seat, { job, work: { source, ...task } }: Waiting): Message {
    const bundle = this.#numbers.get(source) ?? ++this.#bundles;
    this.#numbers.set(source, bundle);
    const message = { ...task, job, bundle };
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
      this.#time(seat);
      try {
        // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin.
        worker.postMessage(this.#message(seat, waiting));
      } catch {
        // What cannot be sent was not read, and nobody knows what of it arrived.
        this.#replace(seat, worker, 'detector:failed');
      }
    }
  }
}
