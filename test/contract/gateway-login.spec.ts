import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { postgresLedgerStore, schemaOf, writerRegister } from '@writ/postgres';
import type { Client } from 'pg';
import { type TestDatabase, startDatabase } from './database.js';
import { LeafMaker } from './leaves.js';

let database: TestDatabase;
let gateway: Client;
let schema: string;

beforeAll(async () => {
  database = await startDatabase();
  const tenant = await database.tenant();
  schema = schemaOf(tenant.tenant);
  const plane = database.plane('writ_gateway');
  await writerRegister(plane).enrol({ id: 'gw-1', kind: 'gateway', publicKey: 'key', statement: 'statement' });
  await postgresLedgerStore(plane).append([new LeafMaker('gw-1').leaf(tenant.tenant)]);
  gateway = await database.session('writ_gateway');
});
afterAll(() => database.close());

const tables = ['record', 'batch', 'tile', 'hold', 'record_key', 'outbox'];

describe("the gateway's login", () => {
  it('row 41: holds no privilege on any table, view or sequence of the product', async () => {
    const admin = await database.session('postgres');
    const { rows } = await admin.query(
      `SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind IN ('r', 'p', 'v', 'm')
         AND (has_table_privilege('writ_gateway', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN')
           OR has_any_column_privilege('writ_gateway', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))`,
    );
    expect(rows).toEqual([]);
  });

  it.each(
    tables.flatMap((table) => [
      `SELECT * FROM $schema.${table}`,
      `UPDATE $schema.${table} SET tenant_id = tenant_id`,
      `DELETE FROM $schema.${table}`,
      `TRUNCATE $schema.${table}`,
      `INSERT INTO $schema.${table} (tenant_id) VALUES (gen_random_uuid())`,
      `INSERT INTO $schema.${table} (tenant_id) VALUES (gen_random_uuid()) RETURNING *`,
      `COPY $schema.${table} TO STDOUT`,
    ]),
  )('is refused: %s', async (statement) => {
    await expect(gateway.query(statement.replace('$schema', schema))).rejects.toMatchObject({ code: '42501' });
  });

  it.each([
    'SELECT * FROM ledger.pending',
    'DELETE FROM ledger.pending',
    'SELECT * FROM ledger.writer',
    'SELECT * FROM ledger.log',
    'SELECT * FROM control.snapshot',
    'SELECT * FROM control.budget_state',
    'SET session_replication_role = replica',
    'SET ROLE writ_owner',
    'SET ROLE writ_pruner',
    'SET ROLE postgres',
    'CREATE TABLE pg_temp.record (a int)',
    'CREATE SCHEMA mine',
    'CREATE ROLE mine',
    'COPY (SELECT 1) TO PROGRAM $$true$$',
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT ledger.provision(gen_random_uuid(), 'x', 0::smallint)",
    'SELECT ledger.make_tables(gen_random_uuid())',
    'SELECT ledger.admit(ARRAY[]::text[], ARRAY[]::uuid[], ARRAY[]::uuid[], ARRAY[]::text[])',
  ])('is refused: %s', async (statement) => {
    await expect(gateway.query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it("may not become a tenant's role", async () => {
    await expect(gateway.query(`SET ROLE ${schema}`)).rejects.toMatchObject({ code: '42501' });
    await expect(gateway.query(`SET ROLE ${schema}_read`)).rejects.toMatchObject({ code: '42501' });
  });

  it('may call these functions and no others', async () => {
    const admin = await database.session('postgres');
    const { rows } = await admin.query<{ name: string }>(
      `SELECT p.oid::regprocedure::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
       WHERE n.nspname NOT IN ('pg_catalog','information_schema') AND has_function_privilege('writ_gateway', p.oid, 'EXECUTE') ORDER BY 1`,
    );
    expect(rows.map(({ name }) => name.replace(/\(.*/, ''))).toEqual([
      'control.ask_review',
      'control.cell_of',
      'control.enqueue',
      'control.find_app_key',
      'control.find_connection',
      'control.find_issuer',
      'control.lease_budget_now',
      'control.lease_slice',
      'control.load_snapshot',
      'control.reviews_of',
      'control.reviews_since',
      'control.settle_budget',
      'control.snapshot_versions',
      'ledger.append',
      'ledger.append',
      'ledger.close_writer',
      'ledger.enrol_writer',
      'ledger.find',
      'ledger.heartbeat',
      'ledger.inclusion',
      'ledger.inclusions',
      'ledger.origin_of',
      'ledger.witnessed',
    ]);
  });

  it('cannot make its own commits less durable', async () => {
    const tenant = await database.tenant();
    const made = new LeafMaker('gw-1').leaf(tenant.tenant);
    await gateway.query('SET synchronous_commit = off');
    await gateway.query('BEGIN');
    await gateway.query('SELECT ledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)', [
      [made.writer],
      [made.writerSequence],
      [made.tenant],
      [made.record],
      [made.request],
      [made.kind],
      [made.effect],
      [made.keep],
      [Buffer.from(made.leaf)],
      [null],
      [null],
      [null],
    ]);
    const { rows } = await gateway.query<{ synchronous_commit: string }>('SHOW synchronous_commit');
    await gateway.query('COMMIT');
    expect(rows[0]?.synchronous_commit).toBe('on');
  });
});

describe('the append-only tables', () => {
  it.each(['record', 'batch', 'tile', 'hold'])(
    'row 42: refuse changes of %s by their owner and by a superuser who plays replica',
    async (table) => {
      const admin = await database.session('postgres');
      await admin.query('SET ROLE writ_owner');
      await expect(admin.query(`TRUNCATE ${schema}.${table}`)).rejects.toMatchObject({ code: '42501' });
      if (table === 'record') {
        await expect(admin.query(`DELETE FROM ${schema}.record`)).rejects.toThrow('append-only');
        await expect(admin.query(`UPDATE ${schema}.record SET kind = 'event'`)).rejects.toThrow('append-only');
      }
      await admin.query('RESET ROLE');
      await admin.query('SET session_replication_role = replica');
      await expect(admin.query(`TRUNCATE ${schema}.${table}`)).rejects.toMatchObject({ code: '42501' });
      if (table === 'record') await expect(admin.query(`DELETE FROM ${schema}.record`)).rejects.toThrow('append-only');
    },
  );
});

describe('an integrity hold', () => {
  it("is released by two different people with the administrator's access alone, and what they said stays", async () => {
    const { tenant } = await database.tenant();
    const admin = await database.session('postgres');
    const release = 'SELECT ledger.release_integrity_hold($1, $2, $3, $4) AS released';
    const because = 'the byte was restored from the export of yesterday';
    await admin.query(`INSERT INTO ledger.integrity_hold (tenant_id, reason) VALUES ($1, 'a test')`, [tenant]);
    for (const login of [
      'writ_gateway',
      'writ_sequencer',
      'writ_tenant_api',
      'writ_worker',
      'writ_exporter',
      'writ_retention',
    ] as const) {
      const session = await database.session(login);
      await expect(session.query(release, [tenant, 'ann', 'bob', because])).rejects.toMatchObject({ code: '42501' });
    }
    await expect(admin.query(release, [tenant, 'ann', 'Ann', because])).rejects.toMatchObject({ code: '23514' });
    await expect(admin.query(release, [tenant, 'ann', 'bob', 'because'])).rejects.toMatchObject({ code: '23514' });
    expect((await admin.query(release, [tenant, 'ann', 'bob', because])).rows).toEqual([{ released: true }]);
    expect((await admin.query(release, [tenant, 'ann', 'bob', because])).rows).toEqual([{ released: false }]);
    await expect(admin.query('DELETE FROM ledger.integrity_release')).rejects.toThrow('append-only');
  });
});
