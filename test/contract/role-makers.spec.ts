import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tenantOfJob } from '@writ/domain';
import { logOrigin, migrate, provisionTenant, schemaOf, withTenant } from '@writ/postgres';
import type { Client } from 'pg';
import { type TestDatabase, aTenantId, passwordsOf, startDatabase } from './database.js';

let database: TestDatabase;
let admin: Client;
beforeAll(async () => {
  database = await startDatabase();
  admin = await database.session('postgres');
});
afterAll(() => database.close());

const makersOf = async (role: string): Promise<readonly string[]> => {
  const { rows } = await admin.query<{ maker: string }>(
    `SELECT m.member::regrole::text AS maker FROM pg_auth_members m WHERE m.roleid = $1::regrole AND m.admin_option`,
    [role],
  );
  return rows.map(({ maker }) => maker);
};

describe('the makers of roles', () => {
  it('leave a tenant whose roles the owner made before as it was, and a second migration changes nothing', async () => {
    const tenant = aTenantId();
    const role = schemaOf(tenant);
    await admin.query('SET ROLE writ_owner');
    await admin.query(`CREATE ROLE ${role} NOLOGIN; CREATE ROLE ${role}_read NOLOGIN;
      GRANT writ_tenant TO ${role} WITH INHERIT TRUE, SET FALSE;
      GRANT writ_reader TO ${role}, ${role}_read WITH INHERIT TRUE, SET FALSE;
      GRANT ${role} TO writ_tenant_api, writ_worker WITH INHERIT FALSE, SET TRUE;
      GRANT ${role}_read TO writ_exporter WITH INHERIT FALSE, SET TRUE;
      CREATE SCHEMA ${role}; SELECT ledger.make_tables('${tenant}'); SELECT ledger.protect('${tenant}');
      INSERT INTO ledger.log (tenant_id, origin, slot, shard)
      SELECT '${tenant}', '${logOrigin('ledger.example.org', tenant)}', coalesce(max(slot) + 1, 0), 0 FROM ledger.log`);
    await admin.query('RESET ROLE');
    await migrate(database.server.url('postgres'), passwordsOf(database.server));
    await provisionTenant(database.plane('writ_tenant_api'), {
      tenant,
      origin: logOrigin('ledger.example.org', tenant),
    });
    const [row] = await withTenant(database.plane('writ_worker'), tenantOfJob(tenant), ({ query }) =>
      query<{ role: string; records: number }>(
        'SELECT current_user AS role, (SELECT count(*)::int FROM record) AS records',
      ),
    );
    expect(row).toEqual({ role, records: 0 });
    expect(await makersOf(role)).toEqual(['writ_owner']);
  });

  it('cannot be become, nor their functions called, by any login of the product', async () => {
    for (const login of [
      'writ_gateway',
      'writ_tenant_api',
      'writ_worker',
      'writ_exporter',
      'writ_sequencer',
    ] as const) {
      const { pool } = database.plane(login, 1);
      await expect(pool.query('SET ROLE writ_maker_00')).rejects.toMatchObject({ code: '42501' });
      await expect(pool.query('SELECT ledger.writ_maker_00(gen_random_uuid())')).rejects.toMatchObject({
        code: '42501',
      });
    }
    const { rows } = await admin.query(`SELECT FROM pg_roles WHERE rolname LIKE 'writ\\_maker%' AND rolcanlogin`);
    expect(rows).toEqual([]);
  });

  // Last, because the tenants that fill the slots have no schema that a migration could find.
  it('make the roles of 64 tenants each: the slot of the log says which, and the owner is a member of none', async () => {
    const [first, second] = [await database.tenant(), await database.tenant()];
    await admin.query(
      `INSERT INTO ledger.log (tenant_id, origin, slot, shard) SELECT gen_random_uuid(), 'filler/' || n, n, 0 FROM generate_series((SELECT max(slot) + 1 FROM ledger.log), 63) n`,
    );
    const later = await database.tenant();
    for (const { tenant } of [first, second]) expect(await makersOf(schemaOf(tenant))).toEqual(['writ_maker_00']);
    expect(await makersOf(schemaOf(later.tenant))).toEqual(['writ_maker_01']);
    expect(await makersOf(`${schemaOf(later.tenant)}_read`)).toEqual(['writ_maker_01']);
  });
});
