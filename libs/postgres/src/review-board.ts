import { type RequestId, type TenantId, limits } from '@writ/domain';
import type { QueryResultRow } from 'pg';
import { Listener } from './listener.js';
import { type PlanePool, rowsOf } from './plane.js';

/** How far a review has come, and what it found, per mille by class. */
export interface ReviewStanding {
  readonly state: 'pending' | 'clear' | 'confirmed' | 'failed';
  readonly verdict: Readonly<Record<string, number>>;
}

export interface NewReview {
  readonly id: string;
  readonly request: RequestId;
  /** Digests under the tenant's key, by which a later request is known to go on from this one. */
  readonly keys: readonly string[];
  readonly token: string;
  readonly sealed: string;
  /** Per mille by class, as the inline pass found them. */
  readonly asked: Readonly<Record<string, number>>;
  readonly needsTwo: boolean;
  /** Whether a model is to be asked; people may decide in any case. */
  readonly hasModel: boolean;
  readonly livesMs: number;
}

export interface ReviewBoard {
  /** Stores the review and the job that asks the model, together. Rejects when it is not durable. */
  ask(tenant: TenantId, review: NewReview): Promise<void>;
  /** What stands of the reviews that have any of these keys. From memory while this process keeps up; else asked. Rejects when it cannot be known. */
  of(tenant: TenantId, keys: readonly string[]): Promise<readonly ReviewStanding[]>;
  /** Resolves with the review's end, or undefined when `signal` is aborted first. */
  settled(id: string, signal: AbortSignal): Promise<ReviewStanding | undefined>;
  close(): Promise<void>;
}

export const reviewChannel = 'review';

interface Known extends ReviewStanding {
  readonly id: string;
  readonly tenant: TenantId;
  readonly keys: readonly string[];
  readonly expiresAt: number;
}

interface ChangedRow extends QueryResultRow {
  readonly id: string;
  readonly tenant_id: TenantId;
  readonly keys: readonly string[];
  readonly state: ReviewStanding['state'];
  readonly verdict: Record<string, number>;
  readonly updated_at: Date;
  readonly expires_at: Date;
  readonly now_at: Date;
}

const lookMs = 500;
const pageRows = 2_000;
/** A transaction that began before a look may commit after it: each look begins this far before the newest row seen. */
const overlapMs = 5_000;
/** Memory older than this is not believed. */
const staleMs = 2_000;

export function reviewBoard(plane: PlanePool, onProblem: (problem: string) => void): ReviewBoard {
  return new Board(plane, onProblem);
}

/** Every live review of every tenant, kept up by notices and a look twice a second; no request reads the database for it. */
class Board implements ReviewBoard {
  readonly #plane: PlanePool;
  readonly #onProblem: (problem: string) => void;
  readonly #known = new Map<string, Known>();
  readonly #byKey = new Map<string, Set<string>>();
  readonly #waiting = new Map<string, Set<(standing: ReviewStanding) => void>>();
  readonly #listener: Listener;
  readonly #timer: NodeJS.Timeout;
  #since = 0;
  #upToDateAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #isTold = false;

  constructor(plane: PlanePool, onProblem: (problem: string) => void) {
    this.#plane = plane;
    this.#onProblem = onProblem;
    const look = (): void => void this.#look();
    this.#listener = new Listener(plane, reviewChannel, { notified: look, connected: look, lost: () => undefined });
    this.#timer = setInterval(look, lookMs);
    this.#timer.unref();
  }

  async ask(tenant: TenantId, review: NewReview): Promise<void> {
    const { id, request, keys, token, sealed, asked, needsTwo, hasModel, livesMs } = review;
    await rowsOf(this.#plane, 'SELECT control.ask_review($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', [
      tenant,
      id,
      request,
      keys,
      token,
      sealed,
      JSON.stringify(asked),
      needsTwo,
      hasModel,
      livesMs,
    ]);
    const expiresAt = Date.now() + livesMs;
    this.#learn({ id, tenant, keys, state: 'pending', verdict: {}, expiresAt });
  }

  async of(tenant: TenantId, keys: readonly string[]): Promise<readonly ReviewStanding[]> {
    if (keys.length === 0) return [];
    const isCurrent = performance.now() - this.#upToDateAt < staleMs && this.#known.size < limits.reviewsHeld;
    if (!isCurrent) {
      const text = 'SELECT id, state, verdict FROM control.reviews_of($1, $2)';
      return rowsOf<ReviewStanding & QueryResultRow>(this.#plane, text, [tenant, keys]);
    }
    const ids = new Set(keys.flatMap((key) => [...(this.#byKey.get(`${tenant}/${key}`) ?? [])]));
    return [...ids].flatMap((id) => {
      const known = this.#known.get(id);
      return known !== undefined && known.expiresAt > Date.now() ? [known] : [];
    });
  }

  settled(id: string, signal: AbortSignal): Promise<ReviewStanding | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined && known.state !== 'pending') return Promise.resolve(known);
    const { promise, resolve } = Promise.withResolvers<ReviewStanding | undefined>();
    const waiters = this.#waiting.get(id) ?? new Set();
    const tell = (standing: ReviewStanding): void => resolve(standing);
    waiters.add(tell);
    this.#waiting.set(id, waiters);
    const give = (): void => resolve(undefined);
    if (signal.aborted) give();
    signal.addEventListener('abort', give, { once: true });
    return promise.finally(() => {
      signal.removeEventListener('abort', give);
      waiters.delete(tell);
      if (waiters.size === 0) this.#waiting.delete(id);
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#listener.close();
  }

  async #look(): Promise<void> {
    if (this.#looking !== undefined) return this.#looking;
    this.#looking = this.#readChanges().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #readChanges(): Promise<void> {
    const from = performance.now();
    try {
      let since = new Date(Math.max(0, this.#since - overlapMs));
      let after = '00000000-0000-0000-0000-000000000000';
      for (let isMore = true; isMore && this.#known.size < limits.reviewsHeld;) {
        const text = 'SELECT * FROM control.reviews_since($1, $2, $3)';
        // oxlint-disable-next-line no-await-in-loop -- page after page
        const page = await rowsOf<ChangedRow>(this.#plane, text, [since, after, pageRows]);
        for (const row of page) this.#learn(knownOf(row));
        const last = page.at(-1);
        // A page within one millisecond must still lead on: the clock of rows is finer than ours.
        const isStuck = last !== undefined && last.updated_at.getTime() <= since.getTime();
        if (last !== undefined) [since, after] = [new Date(last.updated_at.getTime() + (isStuck ? 1 : 0)), last.id];
        if (last !== undefined) this.#since = Math.max(this.#since, last.updated_at.getTime());
        isMore = page.length === pageRows;
      }
      this.#upToDateAt = from;
      this.#isTold = false;
      this.#forget();
    } catch (cause) {
      if (!this.#isTold) this.#onProblem(`reviews cannot be read: ${String(cause)}`);
      this.#isTold = true;
    }
  }

  #learn(review: Known): void {
    const before = this.#known.get(review.id);
    // What this process just asked must not be forgotten by a look that began before; a verdict never goes back to pending.
    if (before !== undefined && before.state !== 'pending' && review.state === 'pending') return;
    this.#known.set(review.id, review);
    for (const each of review.keys) {
      const key = `${review.tenant}/${each}`;
      const ids = this.#byKey.get(key) ?? new Set();
      this.#byKey.set(key, ids.add(review.id));
    }
    if (review.state !== 'pending') for (const tell of this.#waiting.get(review.id) ?? []) tell(review);
  }

  #forget(): void {
    const now = Date.now();
    for (const { id, tenant, keys, expiresAt } of this.#known.values()) {
      if (expiresAt > now) continue;
      this.#known.delete(id);
      for (const key of keys.map((each) => `${tenant}/${each}`)) {
        const ids = this.#byKey.get(key);
        ids?.delete(id);
        if (ids?.size === 0) this.#byKey.delete(key);
      }
    }
  }
}

function knownOf(row: ChangedRow): Known {
  const { id, tenant_id: tenant, keys, state, verdict, expires_at } = row;
  return { id, tenant, keys, state, verdict, expiresAt: expires_at.getTime() };
}
