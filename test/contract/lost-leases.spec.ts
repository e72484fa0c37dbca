import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import { startApp, type LocalRedis, type RunningApp } from '@writ/local';
import { systemClock } from '@writ/platform';
import {
  budgetStore,
  enrolledLedger,
  migrate,
  usageStore,
  type BudgetLease,
  type BudgetStore,
  type EnrolledLedger,
  type PlanePool,
} from '@writ/postgres';
import { controlMigrations } from '@writ/postgres/control';
import { statementSigner, type OutcomeRecord } from '@writ/ledger';
import { createLimits, type Limits } from '@writ/redis';
import { settleUsage } from '@writ/worker';
import type { Client } from 'pg';
import { aSubject, must } from '../support/index.js';
import { passwordsOf, startDatabase, type TestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { admitted, anAsk, closeAll, connected, startServer, usage, worstMicros } from './limits-room.js';
import { aLog, aPermitRecord, anOutcomeRecord } from './records.js';
import { budgetsOfAllScopes, ceilingMicros, scopes } from './lost-leases-room.js';

let redis: LocalRedis;
let database: TestDatabase;
let sequencer: RunningApp;
let worker: PlanePool;
let gateway: PlanePool;
let admin: Client;
let folder: string;
let tenant: TenantContext;
const opened: Limits[] = [];

beforeAll(async () => {
  [redis, database] = await Promise.all([startServer(), startDatabase(['timezone=Pacific/Kiritimati'])]);
  await migrate(database.server.url('postgres'), passwordsOf(database.server), controlMigrations);
  [worker, gateway] = [database.plane('writ_worker', 2), database.plane('writ_gateway', 4)];
  admin = await database.session('postgres');
  folder = mkdtempSync(join(tmpdir(), 'writ-leases-'));
  const keyFile = join(folder, 'log.pem');
  writeFileSync(keyFile, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  sequencer = await startApp({
    name: 'worker',
    entry: 'apps/worker/dist/main.js',
    args: ['--roles', 'sequencer'],
    settings: {
      WRIT_LOG_NAME: 'ledger.example.org',
      WRIT_DATABASE_URL: database.server.url('writ_worker'),
      WRIT_SEQUENCER_DATABASE_URL: database.server.url('writ_sequencer'),
      WRIT_LOG_KEY_FILE: keyFile,
      WRIT_ANCHOR_FOLDER: join(folder, 'anchors'),
    },
    logFolder: join(folder, 'log'),
  });
}, 120_000);
afterAll(async () => {
  await Promise.all(opened.map((limits) => limits.close()));
  await closeAll();
  await sequencer.stop();
  await Promise.all([redis.stop(), database.close()]);
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  tenant = await database.tenant();
});

async function aGateway(): Promise<Limits> {
  const limits = createLimits({
    redis: await connected(redis.url),
    leases: budgetStore(gateway),
    clock: systemClock,
    instances: 1,
    onProblem: () => undefined,
  });
  opened.push(limits);
  return limits;
}

/** How many more requests a fresh process gets; it gives nothing back. */
async function roomFor(limits: Limits): Promise<number> {
  return admitted(60, () => limits.reserve(tenant, aSubject(), anAsk(), budgetsOfAllScopes, 10));
}

/** Reserved three requests, of which one was answered for 20 micro-units and one decided; then it is killed. */
async function killedGateway(): Promise<void> {
  const holder = spawn(
    process.execPath,
    [join(import.meta.dirname, 'budget-holder.js'), database.server.url('writ_gateway'), redis.url, tenant.tenant],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [said] = (await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])) as [unknown];
  expect(String(said)).toBe('held\n');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
}

async function leases(): Promise<readonly string[]> {
  const { rows } = await admin.query<{ id: string }>('SELECT id FROM control.budget_lease WHERE tenant_id = $1', [
    tenant.tenant,
  ]);
  return rows.map(({ id }) => id);
}

async function endOf(ids: readonly string[]): Promise<void> {
  await admin.query('UPDATE control.budget_lease SET expires_at = clock_timestamp() WHERE id = ANY ($1)', [ids]);
}

function settle(): Promise<number> {
  return settleUsage({
    store: usageStore(worker),
    tenants: () => Promise.resolve([tenant.tenant]),
    onProblem: (problem) => {
      throw new Error(problem);
    },
  });
}

async function states(): Promise<Readonly<Record<string, string>>> {
  const { rows } = await admin.query<{ budget_id: string; state: string }>(
    `SELECT budget_id, concat_ws(' ', spent_micros, leased_micros, written_off_micros) AS state
     FROM control.budget_state WHERE tenant_id = $1`,
    [tenant.tenant],
  );
  return Object.fromEntries(rows.map((row) => [row.budget_id, row.state]));
}

function all(state: string): Readonly<Record<string, string>> {
  return Object.fromEntries(scopes.map((scope) => [scope, state]));
}

async function ofTeam(): Promise<string | undefined> {
  await settle();
  return (await states())['team'];
}

/** What the ledger cannot rule out: the cost of the answer, and the whole reservation of the request that nobody closed. */
const used = 20n + worstMicros;

describe('what a killed process held of budgets of a tenant, an app, a subject, a role and a team', () => {
  it('B3: comes back when its lease is over, but for what the ledger says was or may have been spent', async () => {
    await killedGateway();
    const lost = await leases();
    expect(lost).toHaveLength(5);
    // Until then its slice, an eighth of the ceiling, is nobody's, and the rest is there at once.
    const meanwhile = await aGateway();
    expect(await roomFor(meanwhile)).toBe(35);
    expect(await states()).toEqual(all(`0 ${worstMicros * 40n} 0`));
    await endOf(lost);
    await eventually(async () => {
      await settle();
      expect(await states()).toEqual(all(`${used} ${worstMicros * 35n} 0`));
    });
    // 238 and 35 worst cases are taken of 40: three more fit, and not a fourth.
    expect(await roomFor(await aGateway())).toBe(3);
    await settle();
    // What is left over is leased with them: spent and leased are the ceiling, and nothing is beyond it.
    expect(await states()).toEqual(all(`${used} ${ceilingMicros - used} 0`));
  }, 60_000);
});

describe('a lease that ran out', () => {
  const how = { level: 'committed', deadlineMs: 5_000 } as const;
  let ledger: EnrolledLedger;
  let store: BudgetStore;

  beforeAll(async () => {
    store = budgetStore(gateway);
    ledger = enrolledLedger({
      plane: gateway,
      authority: statementSigner(generateKeyPairSync('ed25519').privateKey),
      kind: 'gateway',
      settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
      clock: systemClock,
      logKeys: () => [],
      onAlarm: () => undefined,
      onProblem: () => undefined,
    });
    await eventually(() => expect(ledger.writer()).not.toBe(''));
  });
  afterAll(() => ledger.close());

  const ask = { period: 'total', limitMicros: 1_000n, leastMicros: 100n, sliceMicros: 500n, seconds: 300 } as const;

  async function leased(): Promise<BudgetLease> {
    return must(await store.lease({ tenant: tenant.tenant, budget: 'team', holder: 'radiology', periodStart: 0 }, ask));
  }

  async function permitted(...budgetLeases: readonly string[]): Promise<OutcomeRecord> {
    const permit = { ...aPermitRecord(), reservedMicros: '100', budgetLeases };
    const receipt = must(await ledger.ledger.commit(aLog(tenant), permit, how));
    return anOutcomeRecord(permit.request, receipt.leafHash);
  }

  it('is counted by the ledger from then on: a late outcome corrects it, and what its process says does not', async () => {
    const lease = await leased();
    const outcome = await permitted(lease.id, 'no lease of anyone');
    await endOf([lease.id]);
    await eventually(async () => expect(await ofTeam()).toBe('100 0 0'));
    expect(await store.settle(lease, 400n)).toEqual({ ok: true, value: false });
    expect(await ofTeam()).toBe('100 0 0');
    must(await ledger.ledger.commit(aLog(tenant), { ...outcome, usage, costMicros: '37' }, how));
    await eventually(async () => expect(await ofTeam()).toBe('37 0 0'));
  });

  it('does not come back while a record that may name it waits for the sequencer', async () => {
    const [silent, busy] = [await leased(), await leased()];
    sequencer.kill('SIGSTOP');
    try {
      await permitted(busy.id);
      await endOf([silent.id, busy.id]);
      expect(await ofTeam()).toBe('1000 0 1000');
      expect(await ofTeam()).toBe('1000 0 1000');
    } finally {
      sequencer.kill('SIGCONT');
    }
    await eventually(async () => expect(await ofTeam()).toBe('100 0 0'));
  });

  it('stays spent when its process is of a release that names no leases', async () => {
    const { rows } = await admin.query<{ granted: string }>(
      `SELECT granted FROM control.lease_budget_now(gen_random_uuid(), $1, 'team', 'radiology', to_timestamp(0), 'total', 1000, 100, 500, 300)`,
      [tenant.tenant],
    );
    expect(rows).toEqual([{ granted: '500' }]);
    await endOf(await leases());
    await permitted();
    await eventually(async () => expect(await settle()).toBe(0));
    expect(await ofTeam()).toBe('500 0 500');
  });

  it('is written off once, and its process may still say what it spent until the ledger was asked', async () => {
    const lease = await leased();
    await endOf([lease.id]);
    expect(await store.lease(lease.key, { ...ask, leastMicros: 600n, sliceMicros: 600n })).toEqual({
      ok: false,
      error: 'exhausted',
    });
    expect((await states())['team']).toBe('500 0 500');
    expect(await store.settle(lease, 70n)).toEqual({ ok: true, value: true });
    expect(await ofTeam()).toBe('70 0 0');
  });
});
