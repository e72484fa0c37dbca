/** What kinds of jobs there are, and how many of each run at once. A queue's name is the class's name. */
export interface JobClass {
  readonly queue: string;
  /** Runs at once in one process. */
  readonly concurrency: number;
  /** Entries of one tenant at most in the queue: it may wait, but it cannot stand before everyone else. */
  readonly perTenant: number;
  /** Entries at most in the queue, over all tenants. Small, so that whoever comes next is never far back. */
  readonly depth: number;
  readonly attempts: number;
  /** After so long a run is told to stop. */
  readonly timeoutMs: number;
}

export const jobClasses = {
  /** Someone may be waiting for the verdict. */
  review: { queue: 'review', concurrency: 16, perTenant: 8, depth: 48, attempts: 5, timeoutMs: 120_000 },
  export: { queue: 'export', concurrency: 2, perTenant: 1, depth: 4, attempts: 5, timeoutMs: 6 * 60 * 60 * 1000 },
  /** What other rooms want told; it becomes one delivery for each of the tenant's webhooks. */
  notify: { queue: 'notify', concurrency: 8, perTenant: 8, depth: 48, attempts: 5, timeoutMs: 30_000 },
  deliver: { queue: 'deliver', concurrency: 16, perTenant: 4, depth: 48, attempts: 8, timeoutMs: 60_000 },
  /** Deletes what has expired, by an order in the log; the largest log may take hours. */
  retention: { queue: 'retention', concurrency: 2, perTenant: 1, depth: 4, attempts: 5, timeoutMs: 6 * 60 * 60 * 1000 },
  /** Apart, so that an order to erase never stands behind a long prune. */
  erasure: { queue: 'erasure', concurrency: 2, perTenant: 1, depth: 8, attempts: 5, timeoutMs: 10 * 60 * 1000 },
  /** Brings a tenant's schema to the versions that were registered. */
  tenancy: { queue: 'tenancy', concurrency: 2, perTenant: 1, depth: 8, attempts: 5, timeoutMs: 10 * 60 * 1000 },
  upkeep: { queue: 'upkeep', concurrency: 4, perTenant: 2, depth: 16, attempts: 5, timeoutMs: 60_000 },
} as const satisfies Readonly<Record<string, JobClass>>;

export type JobQueue = keyof typeof jobClasses;

const firstRetryMs = 1_000;
const longestRetryMs = 15 * 60 * 1000;

/** Doubles from a second to a quarter of an hour; `random` in [0, 1) spreads a crowd over the second half. */
export function retryDelayMs(attempt: number, random: number): number {
  const full = Math.min(longestRetryMs, firstRetryMs * 4 ** (attempt - 1));
  return Math.round(full / 2 + (full / 2) * random);
}
