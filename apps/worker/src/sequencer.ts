import type { TenantId } from '@writ/domain';
import {
  type LogHead,
  type LogSigner,
  type SequenceFault,
  type SequencedLanes,
  type TreeBatch,
  genesis,
  sequence,
} from '@writ/ledger';
import { type Clock, Pauses } from '@writ/platform';
import type { NewBatch, SequencerStore, TakenLog, TickOutcome } from '@writ/postgres';

/** A signed head, after the COMMIT of its batch was known. */
export interface PublishedHead {
  readonly tenant: TenantId;
  readonly origin: string;
  readonly batch: TreeBatch;
}

export interface SequencerParts {
  readonly store: SequencerStore;
  readonly key: LogSigner;
  readonly clock: Clock;
  /** Compares the database with what is anchored outside; throws when it cannot. Runs before the first signature and after every doubt. */
  readonly gate: (published: ReadonlyMap<TenantId, LogHead>) => Promise<void>;
  readonly onPublished: (heads: readonly PublishedHead[]) => void;
  readonly onProblem: (problem: string) => void;
}

/** What a tick is about to store, and what is known once it did. */
interface Made {
  readonly published: PublishedHead;
  readonly head: LogHead;
  readonly lanes: SequencedLanes;
}

const shortestPauseMs = 5;
/** A log where nothing happens is looked at this often: its first record waits no longer to be sequenced. */
const longestPauseMs = 100;
const pauseAfterFailureMs = 250;
/** After a tick the next one gathers: each costs a transaction, and each log in it a signature, however few its leaves. */
const gatherMs = 80;
/** The same while somebody waits for receipts. */
const awaitedGatherMs = 20;
/** A tick that took so many is followed at once: there is more than one tick's work. */
const backlogLeaves = 256;

/**
 * Reads committed records back, appends them to their tenants' trees and signs. Any number may run: keys of the database
 * decide who was first, and whoever lost forgets what it held. Nothing is signed before the gate was passed.
 */
export class Sequencer {
  readonly #parts: SequencerParts;
  readonly #heads = new Map<TenantId, LogHead>();
  /** What this process knows to stand in the tree. Kept when heads are read again: a number that was used stays used. */
  readonly #lanes = new Map<TenantId, SequencedLanes>();
  #isGated = true;
  readonly #pauses: Pauses;
  #isStopping = false;
  #running: Promise<void> | undefined;

  constructor(parts: SequencerParts) {
    this.#parts = parts;
    this.#pauses = new Pauses(parts.clock);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when the tick under way has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#pauses.end();
    await this.#running;
  }

  /** One transaction. Public, so that a test may run two sequencers step by step. */
  async tick(): Promise<TickOutcome> {
    if (this.#isGated) {
      try {
        await this.#parts.gate(this.#heads);
      } catch (cause) {
        return { kind: 'failed', cause: `the gate is shut: ${String(cause)}` };
      }
      this.#heads.clear();
      this.#isGated = false;
    }
    const made: Made[] = [];
    let stopped: SequencingStopped | undefined;
    const outcome = await this.#parts.store.tick(
      (tenant) => this.#heads.has(tenant),
      (taken, heads) => {
        try {
          return taken.flatMap((log) => this.#sequence(log, heads.get(log.tenant), made));
        } catch (cause) {
          if (cause instanceof SequencingStopped) stopped = cause;
          throw cause;
        }
      },
    );
    if (outcome.kind === 'committed') {
      for (const { published, head, lanes } of made) {
        this.#heads.set(published.tenant, head);
        this.#lanes.set(published.tenant, lanes);
      }
      this.#publish(made.map(({ published }) => published));
    } else if (outcome.kind === 'lost-race') {
      for (const { published } of made) this.#heads.delete(published.tenant);
    } else if (outcome.kind !== 'idle') {
      this.#isGated = true;
      // Its log alone must stop; while it waits with the others, they would stop too.
      if (stopped?.fault === 'head-broken' || stopped?.fault === 'writer-went-back')
        await this.#parts.store.holdIntegrity(stopped.tenant, stopped.message);
    }
    return outcome;
  }

  /** The batches are durable whatever becomes of their copy outside; the next epoch holds them again. */
  #publish(heads: readonly PublishedHead[]): void {
    try {
      this.#parts.onPublished(heads);
    } catch (cause) {
      this.#parts.onProblem(`new heads could not be anchored: ${String(cause)}`);
    }
  }

  #sequence(log: TakenLog, stored: LogHead | undefined, made: Made[]): readonly NewBatch[] {
    const { key, clock, onProblem } = this.#parts;
    const { tenant, origin } = log;
    const known = this.#heads.get(tenant) ?? stored;
    const first = known === undefined ? genesis(origin, key, clock.nowMs()) : undefined;
    const head = known ?? first?.head;
    if (head === undefined) return [];
    const next = sequence(head, log.leaves, key, clock.nowMs(), this.#lanes.get(tenant));
    // Its rows must not be lost with the others of this tick, so the whole tick fails and says which log is at fault.
    if (!next.ok) throw new SequencingStopped(tenant, next.error);
    if (next.value.clockBehindMs !== undefined)
      onProblem(`the clock is ${next.value.clockBehindMs} ms behind ${origin}`);
    const { batch, head: after, lanes } = next.value;
    made.push({ published: { tenant, origin, batch }, head: after, lanes });
    return [...(first === undefined ? [] : [{ tenant, batch: first.batch }]), { tenant, batch }];
  }

  async #run(): Promise<void> {
    let pauseMs = shortestPauseMs;
    while (!this.#isStopping) {
      // oxlint-disable-next-line no-await-in-loop -- a tick follows the one before it
      const outcome = await this.tick().catch((cause: unknown): TickOutcome => ({
        kind: 'failed',
        cause: String(cause),
      }));
      if (outcome.kind === 'committed') pauseMs = pauseAfter(outcome);
      else if (outcome.kind === 'idle' || outcome.kind === 'lost-race')
        pauseMs = Math.min(Math.max(pauseMs, shortestPauseMs) * 1.3, longestPauseMs);
      else {
        this.#parts.onProblem(outcome.cause);
        pauseMs = pauseAfterFailureMs;
      }
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (pauseMs > 0) await this.#pauses.take(pauseMs);
    }
  }
}

function pauseAfter({ leaves, isAwaited }: Extract<TickOutcome, { kind: 'committed' }>): number {
  if (leaves >= backlogLeaves) return 0;
  return isAwaited ? awaitedGatherMs : gatherMs;
}

export class SequencingStopped extends Error {
  constructor(
    readonly tenant: TenantId,
    readonly fault: SequenceFault,
  ) {
    super(`the log of ${tenant} cannot be sequenced: ${fault}`);
  }
}
