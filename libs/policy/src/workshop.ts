import { Worker } from 'node:worker_threads';
import { type Result, err, ok } from '@writ/domain';
import { policyLimits } from './limits.js';
import type { TaskKind, Tasks } from './tasks.js';

/** What crosses to a thread. */
export interface WorkshopMessage<K extends TaskKind> {
  readonly job: number;
  readonly kind: K;
  readonly ask: Tasks[K]['ask'];
}

export type WorkshopAnswer =
  | { readonly job: number; readonly done: true; readonly answer: Tasks[TaskKind]['answer'] }
  | { readonly job: number; readonly done: false };

/**
 * Why a task has no answer. `too-busy`: not begun, try again. `too-slow`: ended at its deadline. `failed`: ended by what
 * it stumbled over. None of them counts as proved or passed.
 */
export type WorkshopRefusal = 'too-busy' | 'too-slow' | 'failed';

interface Job {
  readonly owner: string;
  readonly deadlineMs: number;
  readonly message: WorkshopMessage<TaskKind>;
  readonly settle: (answer: Result<unknown, WorkshopRefusal>) => void;
}

interface Seat {
  worker: Worker | undefined;
  busy: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

export interface WorkshopOptions {
  readonly threads: number;
  /** Tasks of one owner that may wait or run at once; more are refused, so that one owner's texts never fill the queue. */
  readonly perOwner?: number;
  /** Tasks of all owners that may wait. */
  readonly waiting?: number;
}

/**
 * Reads, tests, proves and replays policies on threads of their own, each task under a deadline at which its thread is
 * ended. The caller's thread stays free, and an owner's text can hold up at most its own threads: while several threads
 * exist, no owner gets all of them.
 */
export class Workshop {
  readonly #seats: readonly Seat[];
  readonly #perOwner: number;
  readonly #mostWaiting: number;
  readonly #waiting: Job[] = [];
  #jobs = 0;
  #closed = false;

  constructor({ threads, perOwner = policyLimits.tasksPerOwner, waiting }: WorkshopOptions) {
    this.#seats = Array.from({ length: threads }, () => ({ worker: undefined, busy: undefined, timer: undefined }));
    this.#perOwner = perOwner;
    this.#mostWaiting = waiting ?? policyLimits.tasksWaiting;
  }

  /** `deadlineMs` counts from the start of the work. */
  async perform<K extends TaskKind>(
    owner: string,
    kind: K,
    ask: Tasks[K]['ask'],
    deadlineMs: number,
  ): Promise<Result<Tasks[K]['answer'], WorkshopRefusal>> {
    const own = this.#of(owner) + this.#waiting.filter((job) => job.owner === owner).length;
    if (this.#closed || own >= this.#perOwner || this.#waiting.length >= this.#mostWaiting) return err('too-busy');
    const { promise, resolve } = Promise.withResolvers<Result<unknown, WorkshopRefusal>>();
    this.#jobs += 1;
    this.#waiting.push({ owner, deadlineMs, message: { job: this.#jobs, kind, ask }, settle: resolve });
    this.#assign();
    return (await promise) as Result<Tasks[K]['answer'], WorkshopRefusal>;
  }

  /** Starts every thread now, so that the first task need not wait for one. */
  warm(): void {
    for (const seat of this.#seats) (seat.worker ??= this.#hire(seat)).unref();
  }

  /** Ends every thread, and with it whatever the solver keeps; no task gets an answer any more. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#waiting.splice(0)) job.settle(err('too-busy'));
    await Promise.all(
      this.#seats.map(async (seat) => {
        const { worker } = seat;
        this.#release(seat, err('failed'));
        seat.worker = undefined;
        await worker?.terminate();
      }),
    );
  }

  #of(owner: string): number {
    return this.#seats.filter(({ busy }) => busy?.owner === owner).length;
  }

  #assign(): void {
    if (this.#closed) return;
    const most = Math.max(1, this.#seats.length - 1);
    for (const seat of this.#seats) {
      if (seat.busy !== undefined) continue;
      const place = this.#waiting.findIndex(({ owner }) => this.#of(owner) < most);
      const [job] = place === -1 ? [] : this.#waiting.splice(place, 1);
      if (job !== undefined) this.#begin(seat, job);
    }
  }

  #begin(seat: Seat, job: Job): void {
    const worker = (seat.worker ??= this.#hire(seat));
    seat.busy = job;
    worker.ref();
    seat.timer = setTimeout(() => this.#dismiss(seat, worker, 'too-slow'), job.deadlineMs);
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin.
    worker.postMessage(job.message);
  }

  #hire(seat: Seat): Worker {
    const worker = new Worker(new URL('workshop-thread.js', import.meta.url));
    worker.on('message', (answer: WorkshopAnswer) => {
      if (seat.worker !== worker || seat.busy?.message.job !== answer.job) return;
      if (answer.done) this.#release(seat, ok(answer.answer));
      else this.#dismiss(seat, worker, 'failed');
    });
    worker.on('error', () => this.#dismiss(seat, worker, 'failed'));
    worker.on('exit', () => this.#dismiss(seat, worker, 'failed'));
    return worker;
  }

  /** The next task gets a new thread: what a task left behind in this one is not to be trusted. */
  #dismiss(seat: Seat, worker: Worker, because: WorkshopRefusal): void {
    if (seat.worker !== worker) return;
    seat.worker = undefined;
    void worker.terminate();
    this.#release(seat, err(because));
  }

  #release(seat: Seat, answer: Result<unknown, WorkshopRefusal>): void {
    clearTimeout(seat.timer);
    const { busy } = seat;
    seat.busy = undefined;
    seat.worker?.unref();
    busy?.settle(answer);
    this.#assign();
  }
}
