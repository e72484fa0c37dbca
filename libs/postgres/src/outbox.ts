import { createHash } from 'node:crypto';
import { type JsonObject, type TenantContext, type TenantId, parseTenantId, tenantOfJob } from '@writ/domain';
import { type PlanePool, rowsOf } from './plane.js';
import { type TenantTransaction, withTenant } from './with-tenant.js';

/** Work that can wait. The row that this makes is its truth; queues carry its id and may lose it. */
export interface NewJob {
  /** UUID. The same id twice is one job: derive it with `jobIdOf` where a thing is to be done once. */
  readonly id: string;
  readonly queue: string;
  readonly payload: JsonObject;
  readonly delayMs?: number;
  /** How much of its tenant's share it takes; 1 unless it is large. */
  readonly cost?: number;
}

/** Anything that runs one statement in a transaction which already knows its tenant. */
export type RunStatement = (text: string, values: readonly unknown[]) => Promise<unknown>;

const enqueueText = 'SELECT control.enqueue($1, $2, $3, $4, $5, $6) AS stored';

/** Stores a job in the caller's own transaction: with whatever else it does, or not at all. */
export async function enqueue(run: RunStatement, tenant: TenantId, job: NewJob): Promise<void> {
  await run(enqueueText, valuesOf(tenant, job));
}

/** For a gateway, which is in no tenant's transaction. Resolves once the job is durable; false when it was there already. */
export async function enqueueAlone(plane: PlanePool, tenant: TenantId, job: NewJob): Promise<boolean> {
  const [row] = await rowsOf<{ stored: boolean }>(plane, enqueueText, valuesOf(tenant, job));
  return row?.stored === true;
}

function valuesOf(tenant: TenantId, { id, queue, payload, delayMs = 0, cost = 1 }: NewJob): readonly unknown[] {
  return [tenant, id, queue, JSON.stringify(payload), delayMs, cost];
}

/** The id of the one job that does this for this tenant: a UUID of version 8 (RFC 9562) from a digest. */
export function jobIdOf(tenant: TenantId, queue: string, what: string): string {
  const hex = createHash('sha256').update(`writ/job/v1\0${tenant}\0${queue}\0${what}`).digest('hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export interface TenantWithWork {
  readonly tenant: TenantId;
  /** Due jobs, counted up to what was asked for. */
  readonly waiting: number;
  readonly inFlight: number;
}

export interface TakenJob {
  readonly tenant: TenantId;
  readonly id: string;
  readonly attempt: number;
  readonly cost: number;
  readonly waitedMs: number;
}

export interface QueueDepth {
  readonly queue: string;
  readonly waiting: number;
  readonly inFlight: number;
  readonly dead: number;
  readonly oldestMs: number;
}

/** A job as its worker got it. `attempt` is its fence: once another run began, this one can settle nothing. */
export interface BegunJob {
  readonly tenant: TenantContext;
  readonly id: string;
  readonly queue: string;
  readonly payload: JsonObject;
  readonly attempt: number;
}

export type Begun = { readonly kind: 'begun'; readonly job: BegunJob } | { readonly kind: 'gone' | 'given-up' };

/** What the dispatcher and the runtime ask of the database, as the worker's login. */
export interface WorkIndex {
  /** Queues for which something waits, due or not. */
  queuesWithWork(): Promise<readonly string[]>;
  tenantsWithWork(queue: string, most: number): Promise<readonly TenantWithWork[]>;
  inFlight(queue: string): Promise<number>;
  /** Marks as handed out, oldest first, `most` jobs of each tenant at most and as much as its budget of cost allows. */
  take(
    queue: string,
    budgets: readonly { readonly tenant: TenantId; readonly budget: number; readonly most: number }[],
  ): Promise<readonly TakenJob[]>;
  fed(
    queue: string,
    forMs: number,
    limit: number,
  ): Promise<readonly { readonly id: string; readonly attempt: number }[]>;
  unfeed(jobs: readonly { readonly id: string; readonly attempt: number }[]): Promise<number>;
  /** Whose the job is, as the database has it; whatever a queue's entry says is only a claim. */
  tenantOf(queue: string, id: string): Promise<TenantId | undefined>;
  depths(): Promise<readonly QueueDepth[]>;
  begin(tenant: TenantContext, id: string, attemptsAtMost: number): Promise<Begun>;
  /** Runs `effect` and settles the job in one transaction. Throws, with nothing done, when another run has overtaken. */
  finish(job: BegunJob, effect?: (transaction: TenantTransaction) => Promise<void>): Promise<void>;
  /** Answers whether the job was given up. */
  fail(job: BegunJob, failure: string, attemptsAtMost: number, delayMs: number): Promise<boolean>;
}

/** SQLSTATE of a run that another one has overtaken. */
export const overtaken = 'WW001';

export function workIndex(plane: PlanePool): WorkIndex {
  return {
    async queuesWithWork() {
      const found = await rowsOf<{ queue: string }>(plane, 'SELECT queue FROM control.queues_with_work()', []);
      return found.map(({ queue }) => queue);
    },
    async tenantsWithWork(queue, most) {
      const text = 'SELECT tenant_id, waiting, in_flight FROM control.tenants_with_work($1, $2)';
      const found = await rowsOf<{ tenant_id: TenantId; waiting: number; in_flight: number }>(plane, text, [
        queue,
        most,
      ]);
      return found.map(({ tenant_id, waiting, in_flight }) => ({ tenant: tenant_id, waiting, inFlight: in_flight }));
    },
    async inFlight(queue) {
      const [row] = await rowsOf<{ n: number }>(plane, 'SELECT control.in_flight($1) AS n', [queue]);
      return row?.n ?? 0;
    },
    async take(queue, budgets) {
      const text = 'SELECT tenant_id, id, attempt, cost, waited_ms FROM control.take_work($1, $2, $3, $4)';
      const values = [
        queue,
        budgets.map(({ tenant }) => tenant),
        budgets.map(({ budget }) => budget),
        budgets.map(({ most }) => most),
      ];
      const taken = await rowsOf<TakenRow>(plane, text, values);
      return taken.map(({ tenant_id, waited_ms, ...row }) => ({ ...row, tenant: tenant_id, waitedMs: waited_ms }));
    },
    fed: (queue, forMs, limit) =>
      rowsOf(plane, 'SELECT id, attempt FROM control.fed_work($1, $2, $3)', [queue, forMs, limit]),
    async unfeed(jobs) {
      if (jobs.length === 0) return 0;
      const values = [jobs.map(({ id }) => id), jobs.map(({ attempt }) => attempt)];
      const [row] = await rowsOf<{ n: number }>(plane, 'SELECT control.unfeed_work($1, $2) AS n', values);
      return row?.n ?? 0;
    },
    async tenantOf(queue, id) {
      const [row] = await rowsOf<{ tenant: string | null }>(plane, 'SELECT control.tenant_of_work($1, $2) AS tenant', [
        id,
        queue,
      ]);
      const parsed = parseTenantId(row?.tenant ?? '');
      return parsed.ok ? parsed.value : undefined;
    },
    async depths() {
      const text = 'SELECT queue, waiting, in_flight, dead, oldest_ms FROM control.work_depths()';
      const found = await rowsOf<DepthRow>(plane, text, []);
      return found.map(({ in_flight, oldest_ms, ...row }) => ({ ...row, inFlight: in_flight, oldestMs: oldest_ms }));
    },
    begin: (tenant, id, most) => beginJob(plane, tenant, id, most),
    async finish({ tenant, id, attempt }, effect) {
      await withTenant(plane, tenant, async (transaction) => {
        // First, so that its row is locked before the effect: an overtaken run waits here and then fails.
        await transaction.query('SELECT control.finish_work($1, $2, $3)', [tenant.tenant, id, attempt]);
        await effect?.(transaction);
      });
    },
    fail: ({ tenant, id, attempt }, failure, most, delayMs) =>
      withTenant(plane, tenant, async ({ query }) => {
        const text = 'SELECT control.fail_work($1, $2, $3, $4, $5, $6) AS dead';
        const [row] = await query<{ dead: boolean }>(text, [tenant.tenant, id, attempt, failure, most, delayMs]);
        return row?.dead === true;
      }),
  };
}

interface TakenRow extends Omit<TakenJob, 'tenant' | 'waitedMs'> {
  readonly tenant_id: TenantId;
  readonly waited_ms: number;
}

interface DepthRow extends Omit<QueueDepth, 'inFlight' | 'oldestMs'> {
  readonly in_flight: number;
  readonly oldest_ms: number;
}

async function beginJob(plane: PlanePool, claimed: TenantContext, id: string, most: number): Promise<Begun> {
  const tenant = tenantOfJob(claimed.tenant);
  const [row] = await withTenant(plane, tenant, ({ query }) =>
    query<{ queue: string; payload: JsonObject; attempt: number; is_given_up: boolean }>(
      'SELECT queue, payload, attempt, is_given_up FROM control.begin_work($1, $2, $3)',
      [tenant.tenant, id, most],
    ),
  );
  if (row === undefined) return { kind: 'gone' };
  if (row.is_given_up) return { kind: 'given-up' };
  return { kind: 'begun', job: { tenant, id, queue: row.queue, payload: row.payload, attempt: row.attempt } };
}

/** Every sink that takes events, over all tenants: ids alone. */
export async function eventSinks(
  plane: PlanePool,
): Promise<readonly { readonly tenant: string; readonly sink: string }[]> {
  return rowsOf(plane, 'SELECT tenant_id AS tenant, id AS sink FROM control.event_sinks()', []);
}
