import type { TenantId } from '@writ/domain';
import { Client } from 'pg';
import { type PlanePool, connectToPrimary } from './plane.js';

/** One Postgres with its Redis, for at most 1,000 tenants of some regions. */
export interface Cell {
  readonly name: string;
  /** Empty: every region. */
  readonly regions: readonly string[];
  /** Names of connections in the operators' configuration. */
  readonly postgres: string;
  readonly redis: string;
  /** Where the cell's tenant API answers; empty while there is one cell. */
  readonly address: string;
}

interface Row extends Omit<Cell, 'name'> {
  readonly cell: string;
}

/** In which cell a tenant lives; undefined for one that was never placed. */
export async function cellOf(plane: PlanePool, tenant: TenantId): Promise<Cell | undefined> {
  const client = await connectToPrimary(plane);
  try {
    const { rows } = await client.query<Row>('SELECT * FROM control.cell_of($1)', [tenant]);
    client.release();
    const [row] = rows;
    return (
      row && { name: row.cell, regions: row.regions, postgres: row.postgres, redis: row.redis, address: row.address }
    );
  } catch (cause) {
    client.release(true);
    throw cause;
  }
}

export interface CellStanding extends Cell {
  readonly tenants: number;
  readonly tenantsAtMost: number;
}

/** For operators: registers a cell or changes what is known of it. It cannot hold fewer tenants than it has. */
export async function putCell(adminUrl: string, cell: Cell & { readonly tenantsAtMost: number }): Promise<void> {
  const { name, regions, postgres, redis, address, tenantsAtMost } = cell;
  await asAdmin(adminUrl, (client) =>
    client.query(
      `INSERT INTO control.cell (name, regions, postgres, redis, address, tenants_at_most) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (name) DO UPDATE SET regions = $2, postgres = $3, redis = $4, address = $5, tenants_at_most = $6`,
      [name, regions, postgres, redis, address, tenantsAtMost],
    ),
  );
}

/** For operators: every cell, with how full it is. */
export async function cells(adminUrl: string): Promise<readonly CellStanding[]> {
  const { rows } = await asAdmin(adminUrl, (client) =>
    client.query<CellStanding>(
      'SELECT name, regions, postgres, redis, address, tenants, tenants_at_most AS "tenantsAtMost" FROM control.cell ORDER BY name',
    ),
  );
  return rows;
}

async function asAdmin<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'writ-cells' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
