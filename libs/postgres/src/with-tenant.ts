import type { PoolClient, QueryResultRow } from 'pg';
import { type TenantContext, type TenantId, parseTenantId } from '@writ/domain';
import { type Login, type PlanePool, connectToPrimary } from './plane.js';

/** Opaque on purpose: a schema's name reveals nothing of its tenant. */
export function schemaOf(tenant: TenantId): string {
  const parsed = parseTenantId(tenant);
  if (!parsed.ok) throw new Error(parsed.error);
  return `t_${tenant.replaceAll('-', '')}`;
}

const planesOfTenants: ReadonlyMap<Login, string> = new Map([
  ['writ_tenant_api', ''],
  ['writ_worker', ''],
  ['writ_exporter', '_read'],
]);

/** What `work` gets: statements of this tenant's transaction, and nothing to keep. */
export interface TenantTransaction {
  readonly tenant: TenantId;
  /** For schema-qualified SQL: `${transaction.schema}.record`. */
  readonly schema: string;
  /** One statement per call, by the extended protocol: a text with two statements is refused by the server. */
  readonly query: <Row extends QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;
}

/**
 * The only way to a tenant's rows. Opens a transaction as the tenant's role, in the tenant's schema, all of it undone at
 * its end whatever happens; `one-snapshot` reads the database as it was at one moment, and cannot write. A connection
 * whose end is not certain is thrown away, never lent again.
 */
export async function withTenant<T>(
  plane: PlanePool,
  context: TenantContext,
  work: (transaction: TenantTransaction) => Promise<T>,
  mode: 'read-write' | 'one-snapshot' = 'read-write',
): Promise<T> {
  const suffix = planesOfTenants.get(plane.login);
  if (suffix === undefined) throw new Error(`${plane.login} has no way into a tenant's schema`);
  const schema = schemaOf(context.tenant);
  const client = await connectToPrimary(plane);
  const scope = new Scope(client, context.tenant, schema);
  try {
    await begin(client, `${schema}${suffix}`, schema, context.tenant, mode);
    const result = await work(scope);
    await scope.close();
    const { command } = await client.query('COMMIT');
    if (command !== 'COMMIT') throw new Error('the transaction had failed, so it was rolled back');
    client.release();
    return result;
  } catch (cause) {
    await scope.close().catch(() => undefined);
    await rollBack(client);
    throw cause;
  }
}

/** BEGIN and the tenant's settings leave in one round trip; both are local to the transaction. */
async function begin(
  client: PoolClient,
  role: string,
  schema: string,
  tenant: TenantId,
  mode: 'read-write' | 'one-snapshot',
): Promise<void> {
  const opened = client.query(mode === 'read-write' ? 'BEGIN' : 'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  // Unnamed: behind a pooler of transactions the next one may run on a server that never saw the statement's name.
  const entered = client.query({
    text: `SELECT set_config('search_path', $2, true), set_config('app.tenant', $3, true), set_config('role', $1, true)`,
    values: [role, `${schema}, pg_catalog, pg_temp`, tenant],
  });
  const [first, second] = await Promise.allSettled([opened, entered]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
}

async function rollBack(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    client.release(client.getTransactionStatus() !== 'I');
  } catch {
    client.release(true);
  }
}

/** Neither SET ROLE nor RESET, COMMIT or DDL: what would leave the tenant's role or transaction. */
const rowStatement = /^\s*(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES)\b/i;

class Scope implements TenantTransaction {
  #open = true;
  readonly #running = new Set<Promise<unknown>>();
  readonly #client: PoolClient;
  readonly tenant: TenantId;
  readonly schema: string;

  constructor(client: PoolClient, tenant: TenantId, schema: string) {
    this.#client = client;
    this.tenant = tenant;
    this.schema = schema;
  }

  /** A property, so that it may be taken out of the transaction by name. */
  readonly query = async <Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> => {
    if (!this.#open) throw new Error("this tenant's transaction has ended");
    if (!rowStatement.test(text)) throw new Error('a tenant transaction runs statements about rows, and nothing else');
    // The mode is the client's, though its types do not list it.
    const statement = { text, values: [...values], queryMode: 'extended' };
    const running = this.#client.query<Row>(statement);
    this.#running.add(running);
    try {
      return (await running).rows;
    } finally {
      this.#running.delete(running);
    }
  };

  /** A statement that `work` did not await must not land in the next tenant's transaction. */
  async close(): Promise<void> {
    this.#open = false;
    await Promise.allSettled(this.#running);
  }
}
