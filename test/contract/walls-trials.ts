import type { TenantContext } from '@writ/domain';
import { type PlanePool, schemaOf, withTenant } from '@writ/postgres';
import { seeded } from '../support/random.js';

/** What a run of interleavings saw. `violations` must be empty: each is a sentence with the trial's number. */
export interface WallTrials {
  readonly trials: number;
  /** Transactions that a fault ended. */
  readonly thrown: number;
  readonly violations: readonly string[];
}

interface Seen {
  readonly role: string;
  readonly path: string;
  readonly tenant: string;
  readonly rows: number;
  readonly foreign: number;
}

const looks = `SELECT current_user AS role, current_setting('search_path') AS path, current_setting('app.tenant') AS tenant,
  count(*)::int AS rows, count(*) FILTER (WHERE tenant_id <> $1)::int AS foreign FROM record`;

/**
 * Tenants take turns on one pool, with throws, failed statements, cancels, killed connections, timeouts and forgotten
 * statements between any two statements. Each transaction looks at where it is and at whose rows it sees; between
 * transactions the session must be nobody's again. Each tenant must have exactly one record.
 */
export async function runWallTrials(
  plane: PlanePool,
  tenants: readonly TenantContext[],
  trials: number,
  seed: number,
  options: { readonly tellEvery?: number; readonly tell?: (done: number) => void } = {},
): Promise<WallTrials> {
  const random = seeded(seed);
  const violations: string[] = [];
  let thrown = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const tenant = tenants[trial % tenants.length] as TenantContext;
    const fate = random();
    try {
      await withTenant(plane, tenant, async ({ query }) => {
        const [seen] = await query<Seen & Record<string, unknown>>(looks, [tenant.tenant]);
        const wrong = wrongWith(seen, tenant);
        if (wrong !== undefined) violations.push(`trial ${trial}: ${wrong}`);
        await suffer(query, fate);
      });
    } catch {
      thrown += 1;
    }
    // After every fault, and now and then anyway.
    if (fate < 0.4 || trial % 8 === 0) {
      const left = await leftBehind(plane);
      if (left !== undefined) violations.push(`after trial ${trial}: ${left}`);
    }
    if (trial % (options.tellEvery ?? 100_000) === 0) options.tell?.(trial);
  }
  return { trials, thrown, violations };
}

type Query = Parameters<Parameters<typeof withTenant>[2]>[0]['query'];

async function suffer(query: Query, fate: number): Promise<void> {
  if (fate < 0.1) throw new Error('thrown between two statements');
  if (fate < 0.2) await query('SELECT 1 / 0');
  if (fate < 0.23) await query('SELECT pg_cancel_backend(pg_backend_pid())');
  if (fate < 0.24) await query('SELECT pg_terminate_backend(pg_backend_pid())');
  if (fate < 0.25) await query(`SELECT set_config('statement_timeout', '1', true), pg_sleep(0.003)`);
  if (fate < 0.32) void query('SELECT pg_sleep(0.001)').catch(() => undefined);
  if (fate < 0.38) await query('SELECT 1 / 0').catch(() => undefined);
}

function wrongWith(seen: Seen | undefined, { tenant }: TenantContext): string | undefined {
  const schema = schemaOf(tenant);
  const expected = { role: schema, path: `${schema}, pg_catalog, pg_temp`, tenant, rows: 1, foreign: 0 };
  const isRight = JSON.stringify({ ...seen }) === JSON.stringify(expected);
  return isRight ? undefined : `${JSON.stringify(seen)} instead of ${JSON.stringify(expected)}`;
}

async function leftBehind(plane: PlanePool): Promise<string | undefined> {
  const { rows } = await plane.pool.query<{ role: string; path: string; tenant: string | null }>(
    `SELECT current_user AS role, current_setting('search_path') AS path, current_setting('app.tenant', true) AS tenant`,
  );
  const [row] = rows;
  const isNobodys = row?.role === plane.login && row.path === 'pg_catalog' && (row.tenant ?? '') === '';
  return isNobodys ? undefined : `the session was left as ${JSON.stringify(row)}`;
}
