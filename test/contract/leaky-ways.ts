import type { TenantContext } from '@writ/domain';
import { type PlanePool, schemaOf, type withTenant } from '@writ/postgres';
import type { PoolClient } from 'pg';

type Enter = typeof withTenant;
type Work<T> = Parameters<Enter>[2] extends (transaction: infer Given) => unknown
  ? (given: Given) => Promise<T>
  : never;

/** What `withTenant` would be with one of its precautions gone. The wall trials must find each of them out. */
export const leakyWays = {
  'a way that sets role and path for the session': leaky({ isLocal: false }),
  'a way that lends a connection again without a rollback': leaky({ rollsBack: false }),
  'a way whose handle outlives its transaction': leaky({ closes: false }),
} satisfies Record<string, Enter>;

interface Precautions {
  readonly isLocal?: boolean;
  readonly rollsBack?: boolean;
  readonly closes?: boolean;
}

function leaky({ isLocal = true, rollsBack = true, closes = true }: Precautions): Enter {
  return async <T>(plane: PlanePool, { tenant }: TenantContext, work: Work<T>): Promise<T> => {
    const schema = schemaOf(tenant);
    const client: PoolClient = await plane.pool.connect();
    client.on('error', () => undefined);
    let isOpen = true;
    const query = async (text: string, values: readonly unknown[] = []): Promise<never> => {
      if (closes && !isOpen) throw new Error('ended');
      return (await client.query(text, [...values])).rows as never;
    };
    try {
      await client.query('BEGIN');
      await client.query({
        text: `SELECT set_config('search_path', $2, ${isLocal}), set_config('app.tenant', $3, ${isLocal}), set_config('role', $1, ${isLocal})`,
        values: [schema, `${schema}, pg_catalog, pg_temp`, tenant],
      });
      const result = await work({ tenant, schema, query });
      await client.query('COMMIT');
      client.release();
      return result;
    } catch (cause) {
      if (rollsBack) await client.query('ROLLBACK').catch(() => undefined);
      client.release();
      throw cause;
    } finally {
      isOpen = false;
    }
  };
}
