import { type Attachment, type Classification, type Leaf, limits, type TaxonomySource } from '@writ/domain';
import { Threads, type Unread } from './threads.js';

/** What a taxonomy on trial found, or why nobody knows. */
export type Tried =
  | { readonly state: 'read'; readonly classification: Classification }
  /** The process has better things to do, the candidate does not load, or reading by it took too long or threw. */
  | { readonly state: 'busy' | 'damaged' | 'late' | 'failed' };

export interface TrialJob {
  readonly tenant: string;
  readonly leaves: readonly Leaf[];
  readonly attachments: readonly Attachment[];
  readonly source: TaxonomySource;
  readonly digestKey: Uint8Array;
}

export interface TrialLimits {
  /** Thread time that trials may take of a thousand ms that pass, and the most that is saved up of it. */
  readonly perMille: number;
  readonly burstMs: number;
  /** Trials that may wait for the thread. */
  readonly waiting: number;
  /** Time of one trial, and the longest request that is tried. */
  readonly budgetMs: number;
  readonly characters: number;
}

const trialLimits: TrialLimits = {
  perMille: limits.trialPerMille,
  burstMs: limits.trialBurstMs,
  waiting: limits.trialsWaiting,
  budgetMs: limits.trialMs,
  characters: limits.trialCharacters,
};
/** A thread that is just starting, or compiling a hundred thousand terms, is no runaway. Nobody waits for it. */
const GRACE_MS = 10_000;

/**
 * Reads requests by taxonomies on trial, on one thread of its own that takes no more than its share of a core. What there is
 * no share left for is not read, and whoever asked is told so. Nothing here throws, and nothing that is decided waits for it.
 */
export class TaxonomyTrials {
  #threads: Threads | undefined;
  #creditMs: number;
  #creditedMs: number;
  #closed = false;

  constructor(
    private readonly monotonicMs: () => number,
    private readonly room: TrialLimits = trialLimits,
  ) {
    this.#creditMs = room.burstMs;
    this.#creditedMs = monotonicMs();
  }

  async read({ tenant, leaves, attachments, source, digestKey }: TrialJob): Promise<Tried> {
    if (this.#closed || this.#credit() <= 0) return { state: 'busy' };
    if (leaves.reduce((sum, { text }) => sum + text.length, 0) > this.room.characters) return { state: 'late' };
    const { waiting, budgetMs } = this.room;
    try {
      this.#threads ??= new Threads({ threads: 1, waiting, graceMs: GRACE_MS });
      const task = { kind: 'trial', tenant, leaves, attachments } as const;
      const read = await this.#threads.read({ task, source, digestKey, budgetMs });
      this.#creditMs -= read.ok ? read.value.spentMs : costOf(read.error, budgetMs);
      if (!read.ok) return { state: stateOf(read.error) };
      return read.value.kind === 'trial' ? triedAs(read.value.found) : { state: 'failed' };
    } catch {
      // A message that cannot be sent, or a thread that cannot be started: the trial is off, and nothing else is.
      return { state: 'failed' };
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#threads?.close();
  }

  #credit(): number {
    const now = this.monotonicMs();
    this.#creditMs = Math.min(
      this.room.burstMs,
      this.#creditMs + (now - this.#creditedMs) * (this.room.perMille / 1_000),
    );
    this.#creditedMs = now;
    return this.#creditMs;
  }
}

function triedAs(classification: Classification): Tried {
  return classification.incompleteBecause.includes('budget:time')
    ? { state: 'late' }
    : { state: 'read', classification };
}

/** A thread that had to be ended was at it for longer than its budget, its grace included. */
function costOf(because: Unread, budgetMs: number): number {
  if (because === 'budget:workers') return 0;
  return because === 'budget:time' ? budgetMs + GRACE_MS : 1;
}

function stateOf(because: Unread): 'busy' | 'damaged' | 'late' | 'failed' {
  switch (because) {
    case 'budget:workers':
      return 'busy';
    case 'budget:time':
      return 'late';
    case 'taxonomy:damaged':
      return 'damaged';
    default:
      return 'failed';
  }
}
