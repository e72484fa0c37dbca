import { availableParallelism } from 'node:os';
import { type Classification, err, ok, type Result, type TaxonomySource } from '@writ/domain';
import { classification, conclude, type Plan } from './classify.js';
import type { ScanResult } from './engine.js';
import type { Taxonomy } from './taxonomy/taxonomy.js';
import { Threads, type Unread } from './threads.js';

/** One request to classify: the plan, with the bundle here and its source for the threads. */
export interface PoolJob {
  readonly plan: Plan;
  readonly taxonomy: Taxonomy;
  readonly source: TaxonomySource;
  readonly digestKey: Uint8Array;
  readonly budgetMs: number;
}

/** Words of an answer to read, with the taxonomy's source for the threads. */
export interface AnswerJob {
  readonly text: string;
  readonly source: TaxonomySource;
  readonly digestKey: Uint8Array;
  readonly budgetMs: number;
}

/** What words of an answer hold, and the ms that a thread was at it. */
export interface AnswerScan extends ScanResult {
  readonly spentMs: number;
}

const MAX_WAITING = 256;
const GRACE_MS = 250;

/**
 * Classifies large inputs and long words of answers on worker threads, so that the main thread's slice stays short. What
 * was not read to its end comes back incomplete: nothing fails open.
 */
export class ClassifierPool {
  readonly #threads: Threads;

  constructor(threads: number = Math.max(1, Math.min(availableParallelism() - 1, 4))) {
    this.#threads = new Threads({ threads, waiting: MAX_WAITING, graceMs: GRACE_MS });
  }

  async classify({ plan, taxonomy, source, digestKey, budgetMs }: PoolJob): Promise<Classification> {
    const task = { kind: 'leaves', leaves: plan.missing } as const;
    const read = await this.#threads.read({ task, source, digestKey, budgetMs });
    if (read.ok && read.value.kind === 'leaves') return conclude(plan, read.value.found, taxonomy);
    const because = read.ok ? 'detector:failed' : asReason(read.error);
    // What is known of a text that nobody read: nothing, and that is said.
    return classification([], source.version, 0, 0, new Set([...plan.incomplete, because]));
  }

  async readAnswer({ text, source, digestKey, budgetMs }: AnswerJob): Promise<Result<AnswerScan, string>> {
    const read = await this.#threads.read({ task: { kind: 'answer', text }, source, digestKey, budgetMs });
    if (!read.ok) return err(asReason(read.error));
    const { value } = read;
    return value.kind === 'answer' ? ok({ ...value.found, spentMs: value.spentMs }) : err('detector:failed');
  }

  async close(): Promise<void> {
    await this.#threads.close();
  }
}

/** A live taxonomy was loaded before it was held: one that does not load on a thread is a failure like any other. */
function asReason(because: Unread): string {
  return because === 'taxonomy:damaged' ? 'detector:failed' : because;
}
