import type { Clock } from '@writ/platform';
import type { WorkIndex } from '@writ/postgres';
import type { Jobs, QueueWorker } from '@writ/redis';
import { type RunningRole, repeat } from '../repeat.js';
import { type JobClass } from './classes.js';
import { Dispatcher } from './dispatcher.js';
import type { EntrySeal } from './entry-seal.js';
import type { JobMeasures } from './measures.js';
import { type JobHandler, Runtime, type RuntimeParts } from './runtime.js';

export interface JobHouseParts extends Pick<RuntimeParts, 'random' | 'reached'> {
  /** Opens the queues; called again until they are there, so that a Redis that is out needs no restart. */
  readonly open: () => Promise<Jobs>;
  readonly index: WorkIndex;
  readonly seal: EntrySeal;
  readonly clock: Clock;
  readonly handlers: readonly { readonly job: JobClass; readonly handler: JobHandler }[];
  readonly measures: JobMeasures;
  readonly onProblem: (problem: string) => void;
}

const feedMs = 10;
const idleFeedMs = 200;
const reconcileMs = 1_000;
const depthMs = 15_000;
const reopenMs = 1_000;
/** A stop waits so long for runs; then they are told to stop, and what they left is run again elsewhere. */
const graceMs = 20_000;

/** Dispatchers and workers of every class of jobs, for as long as the process lives. */
export function runJobHouse(parts: JobHouseParts): RunningRole {
  const { clock, onProblem } = parts;
  const stopping = new AbortController();
  const ended = Promise.withResolvers<void>();
  stopping.signal.addEventListener('abort', () => ended.resolve());
  const opened = openWhenThere(parts, stopping.signal, ended.promise);
  const running = opened.then((jobs) => (jobs === undefined ? undefined : open(parts, jobs)));
  running.catch((cause: unknown) => onProblem(`the jobs did not start: ${String(cause)}`));
  return {
    async stop() {
      stopping.abort();
      const house = await running.catch(() => undefined);
      if (house === undefined) return;
      const late = clock.after(graceMs);
      await Promise.race([house.close(), late.elapsed.then(() => house.cut())]);
      late.cancel();
    },
  };
}

async function openWhenThere(
  { open: openQueues, clock, onProblem }: JobHouseParts,
  signal: AbortSignal,
  ended: Promise<void>,
): Promise<Jobs | undefined> {
  let told = '';
  while (!signal.aborted) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one try follows the other
      return await openQueues();
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : String(cause);
      if (problem !== told) onProblem(problem);
      told = problem;
    }
    const pause = clock.after(reopenMs);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await Promise.race([pause.elapsed, ended]);
    pause.cancel();
  }
  return undefined;
}

function open(parts: JobHouseParts, jobs: Jobs): { close(): Promise<void>; cut(): Promise<void> } {
  const { index, seal, clock, random, reached, handlers, measures, onProblem } = parts;
  const cutting = new AbortController();
  const turns: RunningRole[] = [];
  const workers: QueueWorker[] = [];
  const dispatchers = new Map<string, Dispatcher>();
  for (const { job, handler } of handlers) {
    const dispatcher = new Dispatcher(job, { index, jobs, seal, onProblem });
    dispatchers.set(job.queue, dispatcher);
    turns.push(
      repeat(clock, reconcileMs, async () => measures.reconciled(job.queue, await dispatcher.reconcile()), onProblem),
    );
    const onResult: RuntimeParts['onResult'] = (queue, result, ms) => measures.result(queue, result, ms);
    const runtime = new Runtime(job, handler, {
      index,
      seal,
      clock,
      random,
      stopping: cutting.signal,
      onProblem,
      onResult,
      reached,
    });
    workers.push(jobs.worker(job.queue, async (entry) => void (await runtime.take(entry)), job.concurrency));
  }
  turns.push(feeding(clock, index, dispatchers, onProblem));
  turns.push(repeat(clock, depthMs, async () => measures.depths(await index.depths()), onProblem));
  const close = async (): Promise<void> => {
    await Promise.all(turns.map((turn) => turn.stop()));
    await Promise.all(workers.map((worker) => worker.close()));
    await jobs.close();
  };
  return {
    close,
    async cut() {
      cutting.abort();
      await Promise.all(workers.map((worker) => worker.close(true)));
    },
  };
}

/** One question for all classes; quick while there is work, slow while there is none. */
function feeding(
  clock: Clock,
  index: WorkIndex,
  dispatchers: ReadonlyMap<string, Dispatcher>,
  onProblem: (problem: string) => void,
): RunningRole {
  let restUntil = 0;
  return repeat(
    clock,
    feedMs,
    async () => {
      if (clock.monotonicMs() < restUntil) return;
      const busy = await index.queuesWithWork();
      const fed = await Promise.all(busy.map(async (queue) => (await dispatchers.get(queue)?.feed()) ?? 'idle'));
      if (fed.every((turn) => turn === 'idle')) restUntil = clock.monotonicMs() + idleFeedMs - feedMs;
    },
    onProblem,
  );
}
