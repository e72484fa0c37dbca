import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { noObligations, type Permit, type TenantContext, type Usage } from '@writ/domain';
import { type OutcomeRecord, statementSigner } from '@writ/ledger';
import { startApp, type RunningApp } from '@writ/local';
import { systemClock } from '@writ/platform';
import {
  budgetStates,
  budgetStore,
  enrolledLedger,
  migrate,
  usageSettledAt,
  usageStore,
  usageSums,
  withTenant,
  type BudgetStore,
  type EnrolledLedger,
  type PlanePool,
} from '@writ/postgres';
import { controlMigrations } from '@writ/postgres/control';
import { settleUsage } from '@writ/worker';
import type { Client } from 'pg';
import { anEndpointId } from '../support/index.js';
import { passwordsOf, startDatabase, type TestDatabase } from './database.js';
import { eventually } from './eventually.js';
import { aLog, aPermitRecord, anOutcomeRecord } from './records.js';

let database: TestDatabase;
let gateway: EnrolledLedger;
let folder: string;
let sequencer: RunningApp;
let worker: PlanePool;
let budgets: BudgetStore;
let tenantApi: Client;
let admin: Client;
const how = { level: 'committed', deadlineMs: 5_000 } as const;
const usage: Usage = {
  inputTokens: 100,
  outputTokens: 10,
  cacheReadTokens: 40,
  cacheWriteTokens: 0,
  reasoningTokens: 4,
  estimated: false,
};

beforeAll(async () => {
  database = await startDatabase();
  await migrate(database.server.url('postgres'), passwordsOf(database.server), controlMigrations);
  folder = mkdtempSync(join(tmpdir(), 'writ-usage-'));
  gateway = enrolledLedger({
    plane: database.plane('writ_gateway', 3),
    authority: statementSigner(generateKeyPairSync('ed25519').privateKey),
    kind: 'gateway',
    settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
    clock: systemClock,
    logKeys: () => [],
    onAlarm: () => undefined,
    onProblem: () => undefined,
  });
  worker = database.plane('writ_worker', 4);
  budgets = budgetStore(database.plane('writ_gateway', 2));
  tenantApi = await database.session('writ_tenant_api');
  admin = await database.session('postgres');
  sequencer = await aWorker('sequencer');
  await eventually(() => Promise.resolve(expect(gateway.writer()).not.toBe('')));
}, 120_000);
afterAll(async () => {
  await sequencer.stop();
  await gateway.close();
  await database.close();
  rmSync(folder, { recursive: true });
});

async function aWorker(roles: string): Promise<RunningApp> {
  const keyFile = join(folder, 'log.pem');
  writeFileSync(keyFile, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    flag: 'w',
  });
  return startApp({
    name: 'worker',
    entry: 'apps/worker/dist/main.js',
    args: ['--roles', roles],
    settings: {
      WRIT_LOG_NAME: 'ledger.example.org',
      WRIT_DATABASE_URL: database.server.url('writ_worker'),
      ...(roles === 'sequencer'
        ? {
            WRIT_SEQUENCER_DATABASE_URL: database.server.url('writ_sequencer'),
            WRIT_LOG_KEY_FILE: keyFile,
            WRIT_ANCHOR_FOLDER: join(folder, 'anchors'),
          }
        : {}),
    },
    logFolder: join(folder, 'log'),
  });
}

/** One answered request with its two records, at rates whose parts do not make whole micro-units. */
async function answered(tenant: TenantContext, more: Partial<OutcomeRecord> = {}): Promise<void> {
  const permit = aPermitRecord();
  const log = aLog(tenant);
  const receipt = await gateway.ledger.commit(log, permit, how);
  if (!receipt.ok) throw new Error(receipt.error);
  const outcome: OutcomeRecord = {
    ...anOutcomeRecord(permit.request, receipt.value.leafHash),
    attempts: [{ attempt: 1, endpoint: anEndpointId('a'), model: 'gpt-test', result: 'answered', milliseconds: 1 }],
    usage,
    costMicros: '84',
    priceVersion: 'book:1@1000001/2000000/100000/1000001/2000000',
    ...more,
  };
  expect((await gateway.ledger.commit(log, outcome, how)).ok).toBe(true);
}

function settle(tenant: TenantContext): Promise<number> {
  const store = usageStore(worker);
  return settleUsage({ store, tenants: () => Promise.resolve([tenant.tenant]), onProblem: fail });
}

function fail(problem: string): void {
  throw new Error(problem);
}

function today(): string {
  return new Date(Date.now()).toISOString().slice(0, 10);
}

async function sumsOf(tenant: TenantContext, groupBy: readonly ('model' | 'app')[] = []) {
  await tenantApi.query(`SELECT set_config('app.tenant', $1, false)`, [tenant.tenant]);
  const client = { query: (text: string, values: readonly unknown[] = []) => tenantApi.query(text, [...values]) };
  const range = { from: '2020-01-01', to: today() };
  const found = {
    sums: await usageSums(client, range, groupBy, 100),
    settledAt: await usageSettledAt(client),
    budgets: await budgetStates(client, 100),
  };
  return found;
}

describe('usage', () => {
  it('is summed up from the records of the tree, each request once, and seen by its tenant alone', async () => {
    const [tenant, other] = [await database.tenant(), await database.tenant()];
    for (let request = 0; request < 3; request += 1) await answered(tenant);
    await answered(other, { costMicros: '84' });
    await eventually(async () => expect(await settle(tenant)).toBe(0));
    await eventually(async () => {
      await settle(tenant);
      expect((await sumsOf(tenant)).sums).toMatchObject([{ requests: '3', costMicros: '252' }]);
    });
    expect((await sumsOf(tenant, ['model'])).sums).toMatchObject([
      { model: 'gpt-test', inputTokens: '180', cacheReadTokens: '120', outputTokens: '18', reasoningTokens: '12' },
    ]);
    expect((await sumsOf(other)).sums).toEqual([]);
  });

  it('B3: is neither lost nor doubled when its worker is killed again and again, or two work at once', async () => {
    const tenant = await database.tenant();
    let written = 0;
    const stopping = new AbortController();
    const write = async (): Promise<void> => {
      while (!stopping.signal.aborted) {
        await answered(tenant);
        written += 1;
      }
    };
    const writing = write();
    for (let kill = 0; kill < 4; kill += 1) {
      const workers = await Promise.all([aWorker('usage'), aWorker('usage')]);
      const before = (await sumsOf(tenant)).settledAt?.getTime() ?? 0;
      await eventually(
        async () => expect((await sumsOf(tenant)).settledAt?.getTime() ?? 0).toBeGreaterThan(before),
        20_000,
      );
      for (const each of workers) each.kill('SIGKILL');
    }
    stopping.abort();
    await writing;
    await eventually(async () => {
      await settle(tenant);
      const { sums } = await sumsOf(tenant);
      expect(sums).toMatchObject([{ requests: String(written), costMicros: String(84 * written) }]);
    }, 20_000);
    expect(await settle(tenant)).toBe(0);
  }, 120_000);

  it('a notify obligation goes into the tenant’s outbox once, by the decision that obliges it', async () => {
    const tenant = await database.tenant();
    const permit = aPermitRecord();
    const decision: Permit = { ...permit.decision, obligations: { ...noObligations, notify: ['privacy'] } };
    expect((await gateway.ledger.commit(aLog(tenant), { ...permit, decision }, how)).ok).toBe(true);
    const outbox = (): Promise<readonly { readonly queue: string; readonly payload: object }[]> =>
      withTenant(worker, tenant, (tx) => tx.query(`SELECT queue, payload FROM ${tx.schema}.outbox`));
    await eventually(async () => {
      await settle(tenant);
      expect(await outbox()).toEqual([
        { queue: 'notify', payload: { kind: 'policy.notify', target: 'privacy', decision: permit.id, rules: [] } },
      ]);
    });
    await settle(tenant);
    expect(await outbox()).toHaveLength(1);
  });
});

async function aBudget(tenant: TenantContext, more: { readonly period?: string; readonly scope?: string } = {}) {
  await admin.query(
    `INSERT INTO control.budget (id, tenant_id, name, scope, period, limit_micros, hard)
     VALUES (gen_random_uuid(), $1, 'team-budget', $2, $3, 1000, true)`,
    [tenant.tenant, more.scope ?? 'tenant', more.period ?? 'total'],
  );
}

async function spend(tenant: TenantContext, micros: bigint, holder = ''): Promise<boolean> {
  const lease = await budgets.lease(
    { tenant: tenant.tenant, budget: 'team-budget', holder, periodStart: 0 },
    { period: 'total', limitMicros: 1_000n, leastMicros: micros, sliceMicros: micros, seconds: 60 },
  );
  if (!lease.ok) return false;
  await budgets.settle(lease.value, micros);
  return true;
}

async function told(tenant: TenantContext): Promise<readonly object[]> {
  await settle(tenant);
  const rows = await withTenant(worker, tenant, (tx) =>
    tx.query<{ payload: { readonly percent: number } }>(`SELECT payload FROM ${tx.schema}.outbox`),
  );
  return rows.map(({ payload }) => payload).toSorted((a, b) => a.percent - b.percent);
}

describe('thresholds of budgets', () => {
  it('50, 80 and 100 percent are told once each in a period, however often they are looked for', async () => {
    const tenant = await database.tenant();
    await aBudget(tenant);
    expect(await told(tenant)).toEqual([]);
    await spend(tenant, 600n);
    const half = { kind: 'budget.threshold', budget: 'team-budget', percent: 50, period: '1970-01-01T00:00:00Z' };
    expect(await told(tenant)).toEqual([{ ...half, spentMicros: '600', limitMicros: '1000' }]);
    await spend(tenant, 350n);
    expect(await told(tenant)).toMatchObject([{ percent: 50 }, { percent: 80, spentMicros: '950' }]);
    // Nobody can spend the last 50 exactly: a refusal with nine tenths spent passes the last threshold.
    expect(await spend(tenant, 60n)).toBe(false);
    await Promise.all([settle(tenant), settle(tenant), settle(tenant)]);
    expect(await told(tenant)).toMatchObject([{ percent: 50 }, { percent: 80 }, { percent: 100 }]);
    expect((await sumsOf(tenant)).budgets).toMatchObject([
      { budget: 'team-budget', spentMicros: '950', leasedMicros: '0', thresholds: [50, 80, 100] },
    ]);
  });

  it('a team is named and a subject is not', async () => {
    const [team, subject] = [await database.tenant(), await database.tenant()];
    await aBudget(team, { scope: 'team' });
    await aBudget(subject, { scope: 'subject' });
    await spend(team, 500n, 'radiology');
    await spend(subject, 500n, '["https://idp.example","nora"]');
    expect(await told(team)).toMatchObject([{ percent: 50, team: 'radiology' }]);
    expect(JSON.stringify(await told(subject))).not.toContain('nora');
    expect((await sumsOf(subject)).budgets).toMatchObject([{ scope: 'subject', holder: null }]);
  });
});
