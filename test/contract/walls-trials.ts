import type { TenantContext } from '@writ/domain';
import { type PlanePool, schemaOf, withTenant } from '@writ/postgres';
import type { Client, PoolClient } from 'pg';
import { seeded } from '../support/random.js';

/** What a run of interleavings saw. `violations` must be empty: each is a sentence with the trial's number. */
export interface WallTrials {
  readonly trials: number;
  /** Transactions that a fault ended. */
  readonly thrown: number;
  readonly violations: readonly string[];
}

/** Cancels the statement that runs in this backend, or ends the backend; from outside, since a tenant's role may do neither. */
export type Interrupt = (kind: 'cancel' | 'kill', pid: number, running: Promise<unknown>) => Promise<void>;

export interface WallTrialOptions {
  readonly interrupt: Interrupt;
  readonly tellEvery?: number;
  readonly tell?: (done: number) => void;
  /** Asked before each trial; false ends the run early. */
  readonly goesOn?: () => boolean;
  /** Another way to a tenant's rows than `withTenant`: for showing that a way that leaks is found out. */
  readonly enter?: typeof withTenant;
  /** Told of everything that each trial saw, for comparing two databases. */
  readonly observe?: (seen: string) => void;
}

interface Seen {
  readonly role: string;
  readonly path: string;
  readonly tenant: string;
  readonly rows: number;
  readonly foreign: number;
}

/** Every statement of the trials, by name; a twin of the database knows these and the ones of `withTenant`. */
export const statements = {
  looks: `SELECT current_user AS role, current_setting('search_path') AS path, current_setting('app.tenant') AS tenant,
  count(*)::int AS rows, count(*) FILTER (WHERE tenant_id <> $1)::int AS foreign FROM record`,
  left: `SELECT current_user AS role, current_setting('search_path') AS path, current_setting('app.tenant', true) AS tenant`,
  fails: 'SELECT 1 / 0',
  names: 'SELECT pg_backend_pid() AS pid',
  lasts: 'SELECT pg_sleep(60)',
  hurries: `SELECT set_config('statement_timeout', '1', true)`,
  sleeps: 'SELECT pg_sleep(0.003)',
  dozes: 'SELECT pg_sleep(0.0002)',
} as const;

type Query = Parameters<Parameters<typeof withTenant>[2]>[0]['query'];

/**
 * Tenants take turns on one pool, with throws, failed statements, cancels, killed connections, timeouts, forgotten
 * statements and statements that come a transaction too late. One trial is one transaction of one tenant, and the next
 * one is another tenant's. Each looks at where it is and at whose rows it sees; before every transaction, and after the
 * last, the session must be nobody's. Each tenant must have exactly one record.
 */
export async function runWallTrials(
  plane: PlanePool,
  tenants: readonly TenantContext[],
  trials: number,
  seed: number,
  options: WallTrialOptions,
): Promise<WallTrials> {
  const { enter = withTenant, observe, tellEvery = 100_000, goesOn = () => true } = options;
  const random = seeded(seed);
  const violations: string[] = [];
  const asked = new QuestionsOnTheWay(plane);
  let thrown = 0;
  let done = 0;
  let stale: Query | undefined;
  for (; done < trials && goesOn(); done += 1) {
    const trial = done;
    const tenant = tenants[trial % tenants.length] as TenantContext;
    const fate = random();
    try {
      await enter(asked.plane, tenant, async ({ query }) => {
        if (fate > 0.9 && stale !== undefined)
          await comesTooLate(stale, (what) => violations.push(`trial ${trial}: ${what}`));
        stale = query;
        const [seen] = await query<Seen & Record<string, unknown>>(statements.looks, [tenant.tenant]);
        observe?.(JSON.stringify(seen));
        const wrong = wrongWith(seen, tenant);
        if (wrong !== undefined) violations.push(`trial ${trial}: ${wrong}`);
        await suffer(query, fate, options.interrupt);
      });
    } catch (cause) {
      thrown += 1;
      observe?.(`${(cause as { code?: string }).code}`);
    }
    const left = await asked.answer();
    if (left !== undefined) violations.push(`before trial ${trial}: ${left}`);
    if (trial % tellEvery === 0) options.tell?.(trial);
  }
  const left = await leftBehind(plane);
  if (left !== undefined) violations.push(`after trial ${done - 1}: ${left}`);
  return { trials: done, thrown, violations };
}

/**
 * Asks every session, before it is lent, whose it is. The question leaves in the same round trip as the transaction that
 * follows it, so it is asked of all of them and costs no waiting.
 */
class QuestionsOnTheWay {
  readonly plane: PlanePool;
  #answer: Promise<string | undefined> = Promise.resolve(undefined);

  constructor(real: PlanePool) {
    const connect = async (): Promise<PoolClient> => {
      const client = await real.pool.connect();
      // Whoever could not answer is asked again, by a question of its own: a late cancel may have met this one.
      this.#answer = client.query<Left>(statements.left).then(
        ({ rows: [row] }) => strangeIn(real, row),
        () => leftBehind(real),
      );
      this.#answer.catch(nothing);
      return client;
    };
    this.plane = { ...real, pool: { connect } as unknown as PlanePool['pool'] };
  }

  /** What was strange about the session that was lent last; undefined when it was nobody's. */
  answer(): Promise<string | undefined> {
    return this.#answer;
  }
}

function nothing(): void {}

/** A statement of the transaction before, by whoever kept its handle: it must be refused, not run as the next tenant. */
async function comesTooLate(stale: Query, violated: (what: string) => void): Promise<void> {
  await stale(statements.left).then(
    (rows) => violated(`a statement of the transaction before ran, as ${JSON.stringify(rows)}`),
    () => undefined,
  );
}

async function suffer(query: Query, fate: number, interrupt: Interrupt): Promise<void> {
  if (fate < 0.1) throw new Error('thrown between two statements');
  if (fate < 0.2) await query(statements.fails);
  if (fate < 0.232) {
    const [own] = await query<{ pid: number }>(statements.names);
    const running = query(statements.lasts);
    await interrupt(fate < 0.23 ? 'cancel' : 'kill', own?.pid ?? 0, running);
    await running;
  }
  if (fate < 0.24) {
    await query(statements.hurries);
    await query(statements.sleeps);
  }
  if (fate < 0.32) void query(statements.dozes).catch(() => undefined);
  if (fate < 0.38) await query(statements.fails).catch(() => undefined);
}

function wrongWith(seen: Seen | undefined, { tenant }: TenantContext): string | undefined {
  const schema = schemaOf(tenant);
  const path = `${schema}, pg_catalog, pg_temp`;
  const isRight =
    seen?.role === schema && seen.path === path && seen.tenant === tenant && seen.rows === 1 && seen.foreign === 0;
  return isRight ? undefined : `${JSON.stringify(seen)} seen by ${schema}`;
}

interface Left {
  readonly role: string;
  readonly path: string;
  readonly tenant: string | null;
}

function strangeIn({ login }: PlanePool, row: Left | undefined): string | undefined {
  const isNobodys = row?.role === login && row.path === 'pg_catalog' && (row.tenant ?? '') === '';
  return isNobodys ? undefined : `the session was left as ${JSON.stringify(row)}`;
}

async function leftBehind(plane: PlanePool): Promise<string | undefined> {
  for (let asked = 1; ; asked += 1) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- asked again only when nobody could be asked
      return strangeIn(plane, (await plane.pool.query<Left>(statements.left)).rows[0]);
    } catch (cause) {
      // A server that answers by an error was left so. Without an SQLSTATE no session was reached: a busy machine may take
      // longer to make the next connection than the pool waits.
      const { code } = cause as { readonly code?: string };
      if (asked === 20 || /^(?=.*\d)[0-9A-Z]{5}$/.test(code ?? ''))
        return `the session was left unable to answer: ${String(cause)}`;
    }
  }
}

/** By a session that may, asked again until the statement has ended: the first may come before the statement began. */
export function interruptBy(admin: Client): Interrupt {
  return async (kind, pid, running) => {
    const statement = { hasEnded: false };
    const end = (): void => void (statement.hasEnded = true);
    running.then(end, end);
    while (!statement.hasEnded)
      await admin.query(`SELECT pg_${kind === 'cancel' ? 'cancel' : 'terminate'}_backend($1)`, [pid]);
  };
}
