import type { WorkIndex } from '@writ/postgres';
import type { Jobs } from '@writ/redis';
import type { JobClass } from './classes.js';
import type { EntrySeal } from './entry-seal.js';
import { FairShare } from './fair-share.js';

export interface DispatcherParts {
  readonly index: WorkIndex;
  readonly jobs: Pick<Jobs, 'feed' | 'missing'>;
  readonly seal: EntrySeal;
  readonly onProblem: (problem: string) => void;
}

const quantum = 2;
/** An entry that a queue does not hold this long after it was fed was lost with it, or was never fed. */
const lostAfterMs = 2_000;

/** Feeds the queue of one class from the outbox, fairly, and feeds again what the queue lost. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #job: JobClass;
  readonly #share: FairShare;

  constructor(job: JobClass, parts: DispatcherParts) {
    this.#parts = parts;
    this.#job = job;
    this.#share = new FairShare(quantum, job.perTenant);
  }

  /** One turn. `full` when the queue has no room, `idle` when nothing is due; what the queue does not take waits again. */
  async feed(): Promise<'fed' | 'full' | 'idle'> {
    const { index, jobs, seal, onProblem } = this.#parts;
    const { queue, depth, perTenant } = this.#job;
    const room = depth - (await index.inFlight(queue));
    if (room <= 0) return 'full';
    const plan = this.#share.plan(await index.tenantsWithWork(queue, perTenant), room);
    if (plan.length === 0) return 'idle';
    const taken = await index.take(queue, plan);
    this.#share.settle(plan, taken);
    try {
      await jobs.feed(
        queue,
        taken.map(({ tenant, id, attempt }) => seal.seal(queue, { tenant, job: id, attempt })),
      );
      return taken.length > 0 ? 'fed' : 'idle';
    } catch (cause) {
      onProblem(`the queue ${queue} took nothing: ${cause instanceof Error ? cause.message : String(cause)}`);
      await index.unfeed(taken);
      return 'idle';
    }
  }

  /** Looks for entries that vanished, because Redis was flushed, failed over or never got them. Answers how many. */
  async reconcile(): Promise<number> {
    const { index, jobs } = this.#parts;
    const { queue, depth } = this.#job;
    const fed = await index.fed(queue, lostAfterMs, depth * 2);
    if (fed.length === 0) return 0;
    return index.unfeed(await jobs.missing(queue, fed));
  }
}
