import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cellOf, cells, logOrigin, provisionTenant, putCell } from '@writ/postgres';
import type { Client } from 'pg';
import { type TestDatabase, aTenantId, startDatabase } from './database.js';

let database: TestDatabase;
let admin: Client;
let api: Client;
let url: string;
beforeAll(async () => {
  database = await startDatabase();
  url = database.server.url('postgres');
  admin = await database.session('postgres');
  api = await database.session('writ_tenant_api');
  await database.tenant();
});
afterAll(() => database.close());

const cell = (name: string, regions: readonly string[], tenantsAtMost: number) => ({
  name,
  regions,
  postgres: name,
  redis: name,
  address: `https://${name}.example`,
  tenantsAtMost,
});
const place = async (region: string, tenant: string = aTenantId()): Promise<string | undefined> =>
  (await api.query<{ cell: string }>('SELECT cell FROM control.place_tenant($1, $2)', [tenant, region])).rows[0]?.cell;

describe('the directory of cells', () => {
  it('places a tenant once, in a cell of its region that has room, and nowhere when there is none', async () => {
    await putCell(url, cell('eu-1', ['eu'], 2));
    await putCell(url, cell('us-1', ['us'], 1));
    await putCell(url, cell('main', [], 0));
    const tenant = aTenantId();
    expect(await place('eu', tenant)).toBe('eu-1');
    expect(await place('us', tenant)).toBe('eu-1');
    expect(await place('eu')).toBe('eu-1');
    expect(await place('eu')).toBeUndefined();
    expect(await place('us')).toBe('us-1');
    expect(await place('us')).toBeUndefined();
    expect(await cellOf(database.plane('writ_gateway'), tenant)).toMatchObject({ name: 'eu-1', postgres: 'eu-1' });
    expect(await cellOf(database.plane('writ_gateway'), aTenantId())).toBeUndefined();
    expect((await cells(url)).map(({ name, tenants }) => [name, tenants])).toEqual([
      ['eu-1', 2],
      ['main', 0],
      ['us-1', 1],
    ]);
  });

  it('gives the last place to one of many who ask at once', async () => {
    await putCell(url, cell('ap-1', ['ap'], 1));
    const sessions = await Promise.all(Array.from({ length: 6 }, () => database.session('writ_tenant_api')));
    const placed = await Promise.all(
      sessions.map(async (session) => {
        const { rows } = await session.query('SELECT cell FROM control.place_tenant($1, $2)', [aTenantId(), 'ap']);
        return rows.length;
      }),
    );
    expect(placed.filter((taken) => taken === 1)).toEqual([1]);
  });

  it('never holds more than 1,000 tenants in one cell, whatever is asked', async () => {
    await expect(putCell(url, cell('big', [], 1_001))).rejects.toMatchObject({ code: '23514' });
    await expect(putCell(url, cell('eu-1', ['eu'], 1))).rejects.toMatchObject({ code: '23514' });
    await admin.query(
      `INSERT INTO ledger.log (tenant_id, origin, slot, shard) SELECT gen_random_uuid(), 'filler/' || n, n, 0 FROM generate_series(1, 1000) n`,
    );
    const tenant = aTenantId();
    const log = { tenant, origin: logOrigin('ledger.example.org', tenant) };
    await expect(provisionTenant(database.plane('writ_tenant_api'), log)).rejects.toMatchObject({ code: 'WL007' });
  });

  it('X12: tells nobody which tenants there are: names of schemas are opaque, and no login reads the directory', async () => {
    for (const login of ['writ_gateway', 'writ_tenant_api', 'writ_worker', 'writ_exporter'] as const) {
      const { pool } = database.plane(login, 1);
      await expect(pool.query('SELECT * FROM control.tenant_cell')).rejects.toMatchObject({ code: '42501' });
      await expect(pool.query('SELECT * FROM ledger.log')).rejects.toMatchObject({ code: '42501' });
    }
    const { rows } = await admin.query<{ name: string }>(
      `SELECT nspname AS name FROM pg_namespace WHERE nspname ~ '^t_'`,
    );
    expect(rows.map(({ name }) => name)).toEqual([expect.stringMatching(/^t_[0-9a-f]{32}$/)]);
  });
});
