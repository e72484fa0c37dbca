import { type JsonObject, type TenantContext, tenantOfJob } from '@writ/domain';
import type { Clock } from '@writ/platform';
import { type BegunJob, type TenantTransaction, type WorkIndex, overtaken } from '@writ/postgres';
import type { QueueEntry } from '@writ/redis';
import { type JobClass, retryDelayMs } from './classes.js';
import type { EntrySeal } from './entry-seal.js';

/** One run of a job. */
export interface JobRun {
  readonly tenant: TenantContext;
  readonly id: string;
  readonly payload: JsonObject;
  readonly attempt: number;
  /** Aborted when the run is out of time, or the worker stops for good. */
  readonly signal: AbortSignal;
  /**
   * Settles the job, and does `effect` in the same transaction of the tenant: both or neither, and once, whoever else runs
   * it. A run that never calls it is settled when it returns.
   */
  readonly finish: (effect?: (transaction: TenantTransaction) => Promise<void>) => Promise<void>;
}

export type JobHandler = (run: JobRun) => Promise<void>;

/** A failure whose sentence an operator may read; it holds no content. Any other exception is told as its class alone. */
export class JobFailed extends Error {
  constructor(
    message: string,
    /** False when trying again cannot help. */
    readonly retry = true,
  ) {
    super(message);
  }
}

export type JobResult = 'done' | 'failed' | 'dead' | 'overtaken' | 'gone' | 'refused';

export interface RuntimeParts {
  readonly index: WorkIndex;
  readonly seal: EntrySeal;
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborted when the process will not wait for runs any longer. */
  readonly stopping: AbortSignal;
  readonly onProblem: (problem: string) => void;
  readonly onResult: (queue: string, result: JobResult, ms: number) => void;
  /** Named points of a run; the fault tests end the process at one. */
  readonly reached: (point: 'begun' | 'worked' | 'finished') => void;
}

/** Runs the jobs of one class: what a queue's entry claims is checked against the database before anything is believed. */
export class Runtime {
  readonly #job: JobClass;
  readonly #handler: JobHandler;
  readonly #parts: RuntimeParts;

  constructor(job: JobClass, handler: JobHandler, parts: RuntimeParts) {
    this.#job = job;
    this.#handler = handler;
    this.#parts = parts;
  }

  async take(entry: QueueEntry): Promise<JobResult> {
    const { clock, onResult } = this.#parts;
    const from = clock.monotonicMs();
    const result = await this.#take(entry);
    onResult(this.#job.queue, result, clock.monotonicMs() - from);
    return result;
  }

  async #take(entry: QueueEntry): Promise<JobResult> {
    const { index, seal, onProblem, reached } = this.#parts;
    const { queue, attempts } = this.#job;
    if (!seal.isGenuine(queue, entry)) return this.#refuse('its seal is not ours');
    const owner = await index.tenantOf(queue, entry.job);
    if (owner === undefined) return 'gone';
    if (owner !== entry.tenant) return this.#refuse('it claims another tenant than its row has');
    const begun = await index.begin(tenantOfJob(owner), entry.job, attempts);
    if (begun.kind === 'given-up') onProblem(`a job of ${queue} was given up: its worker ended in the middle`);
    if (begun.kind !== 'begun') return begun.kind === 'gone' ? 'gone' : 'dead';
    reached('begun');
    const result = await this.#run(begun.job);
    reached('finished');
    return result;
  }

  #refuse(why: string): JobResult {
    this.#parts.onProblem(`an entry of ${this.#job.queue} is refused: ${why}`);
    return 'refused';
  }

  async #run(job: BegunJob): Promise<JobResult> {
    const { index, clock, reached, stopping } = this.#parts;
    const timer = clock.after(this.#job.timeoutMs);
    const late = new AbortController();
    void timer.elapsed.then(() => late.abort());
    let isSettled = false;
    const finish: JobRun['finish'] = async (effect) => {
      await index.finish(job, effect);
      isSettled = true;
    };
    try {
      const signal = AbortSignal.any([late.signal, stopping]);
      await this.#handler({ ...job, signal, finish });
      reached('worked');
      if (!isSettled) await finish();
      return 'done';
    } catch (cause) {
      return await this.#failed(job, cause);
    } finally {
      timer.cancel();
    }
  }

  async #failed(job: BegunJob, cause: unknown): Promise<JobResult> {
    const { index, random, onProblem } = this.#parts;
    if (cause instanceof Error && 'code' in cause && cause.code === overtaken) return 'overtaken';
    const told =
      cause instanceof JobFailed ? cause.message : `it failed (${nameOf(cause)}); the worker's log says more`;
    onProblem(`a job of ${this.#job.queue} failed: ${cause instanceof Error ? cause.message : String(cause)}`);
    const most = cause instanceof JobFailed && !cause.retry ? job.attempt : this.#job.attempts;
    const dead = await index.fail(job, told.slice(0, 300), most, retryDelayMs(job.attempt, random()));
    return dead ? 'dead' : 'failed';
  }
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : typeof cause;
}
