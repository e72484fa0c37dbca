import { Pool, type PoolClient, type QueryResultRow } from 'pg';

/** One login per plane. Each owns nothing, and may do what its migrations' grants say and nothing else. */
export const logins = [
  'writ_gateway',
  'writ_sequencer',
  'writ_tenant_api',
  'writ_worker',
  'writ_exporter',
  'writ_retention',
  'writ_queue',
] as const;

export type Login = (typeof logins)[number];

export interface PlanePool {
  readonly login: Login;
  /** For the few connections that live outside the pool, such as a listener's. */
  readonly url: string;
  readonly pool: Pool;
  close(): Promise<void>;
}

export interface PlanePoolOptions {
  /** With the login's name and password. */
  readonly url: string;
  readonly max: number;
  /** Told of every connection that broke while idle; the pool replaces it by itself. */
  readonly onLost?: (cause: Error) => void;
  readonly connectMs?: number;
  /** How often a connection is lent before it ends, where 5,000 times would be too soon. */
  readonly maxUses?: number;
}

/**
 * A pool whose connections verify on arrival that they reached a primary. A backend caches catalogue for each tenant it
 * touched, so a connection ends after 5,000 uses or a quarter of an hour.
 */
export function planePool(login: Login, options: PlanePoolOptions): PlanePool {
  const pool = new Pool({
    connectionString: options.url,
    max: options.max,
    maxUses: options.maxUses ?? 5_000,
    maxLifetimeSeconds: 900,
    connectionTimeoutMillis: options.connectMs ?? 1_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    // A server that fell silent without closing its connections must not hold a caller for ever. Nothing is cancelled by
    // it: the connection is closed, and what became of the statement is unknown.
    query_timeout: longestStatementMs,
    application_name: login,
    pipeline: true,
    allowExitOnIdle: true,
  });
  pool.on('error', (cause) => options.onLost?.(cause));
  return { login, url: options.url, pool, close: () => pool.end() };
}

/** How a pool is used at this moment. */
export function poolUse({ pool }: PlanePool): {
  readonly busy: number;
  readonly idle: number;
  readonly waiting: number;
} {
  const { totalCount, idleCount, waitingCount } = pool;
  return { busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount };
}

/** Longer than every lock timeout inside the functions, so that the server's own answer comes first. */
const longestStatementMs = 8_000;

/** SQLSTATE 25006: the server is read-only, so a standby or a wrong node was reached. */
export const readOnlyTransaction = '25006';

export function sqlState(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

export function causeText(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Verified once per connection; the JavaScript client has no `target_session_attrs`. */
const primaries = new WeakSet<PoolClient>();

export async function connectToPrimary(plane: PlanePool): Promise<PoolClient> {
  const client = await plane.pool.connect();
  if (primaries.has(client)) return client;
  try {
    // A broken connection reports itself through the query under way; without a listener the process would end.
    client.on('error', () => undefined);
    const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
    if (rows[0]?.standby !== false) throw new Error('this Postgres is a standby, not the primary');
    primaries.add(client);
    return client;
  } catch (cause) {
    client.release(true);
    throw cause;
  }
}

/** Runs one statement outside every tenant's transaction; a connection that failed is not used again. */
export async function rowsOf<Row extends QueryResultRow>(
  plane: PlanePool,
  text: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  const client = await connectToPrimary(plane);
  try {
    const { rows } = await client.query<Row>({ text, values: [...values] });
    client.release();
    return rows;
  } catch (cause) {
    client.release(true);
    throw cause;
  }
}
