import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { control, freePort, onboard, startStack, type OnboardedTenant, type Stack } from '@writ/local';
import { parquetReadObjects } from 'hyparquet';
import OpenAI from 'openai';
import { eventually } from '../contract/eventually.js';
import { exportedIn, expressions, metricsIn } from '../coverage/expressions.js';
import {
  chat,
  costOf,
  hook,
  hookIs,
  many,
  recordOf,
  reservedByTheNewest,
  today,
  tokenFor,
  triesComeAtOnce,
  usageOf,
  writ,
} from './money-room.js';

let stack: Stack;
let tenant: OnboardedTenant;
let workerPort: number;
let nora: string;
let anton: string;
const folder = mkdtempSync(join(tmpdir(), 'writ-money-'));
const adaFile = join(folder, 'ada.token');
const mails: string[] = [];
const soon = 30_000;

beforeAll(async () => {
  workerPort = await freePort();
  const settings = { worker: { WRIT_MANAGEMENT_PORT: String(workerPort) } };
  stack = await startStack({ folder, log: () => undefined, settings });
  tenant = await onboard(stack, 'mercy', () => undefined);
  stack.tenantApi.onLine((line) => mails.push(line));
  [nora, anton] = await Promise.all([tokenFor(stack, 'nora', 'gateway'), tokenFor(stack, 'anton', 'gateway')]);
  writeFileSync(adaFile, await tokenFor(stack, 'ada', 'admin'), { mode: 0o600 });
}, 120_000);
afterAll(async () => {
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** As long as it may be, so that the bytes of each request, and what it reserves, are the same. */
const question = { model: 'fast', max_tokens: 100, messages: [{ role: 'user', content: 'How is the weather today?' }] };

async function metricsAt(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}

function gatewayPort(): number {
  return Number(stack.gateway.ready['managementPort']);
}

function value(text: string, series: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.split(' ')[1] ?? Number.NaN);
}

function askAsNora(): Promise<number> {
  return chat(stack, nora, question);
}

describe('with everything running', () => {
  it('what was answered is in usage with its cost and in the metrics of every gateway process, and I7: what was said is in no log', async () => {
    const client = new OpenAI({ baseURL: `${stack.urls.gateway}/v1`, apiKey: nora, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'CANARY-of-a-prompt, how are you?' }];
    for (let request = 0; request < 6; request += 1) await client.chat.completions.create({ model: 'fast', messages });
    await eventually(async () => {
      const sums = await usageOf(tenant);
      expect(sums.reduce((all, { requests }) => all + requests, 0)).toBe(6);
      expect(sums.reduce((all, { inputTokens }) => all + inputTokens, 0)).toBeGreaterThan(0);
      expect(sums.every(({ costMicros }) => Number(costMicros) > 0)).toBe(true);
    }, soon);
    const metrics = await metricsAt(gatewayPort());
    const permits = [...metrics.matchAll(/^writ_requests_total\{[^}]*outcome="permit"[^}]*\} (\d+)$/gm)];
    expect(permits.reduce((all, [, count]) => all + Number(count), 0)).toBe(6);
    expect(metrics).toContain('writ_phase_seconds_bucket');
    expect(metrics).not.toContain('CANARY');
    for (const app of ['gateway', 'worker', 'tenant-api'])
      expect(readFileSync(join(stack.logFolder, `${app}.log`), 'utf8')).not.toContain('CANARY');
  }, 60_000);

  it('every metric that the dashboard and the alerts name comes from the listeners of the apps, with a value where there is a state', async () => {
    // The worker looks at the log's heads every so often, and has no age of a checkpoint before its first look.
    await eventually(
      async () => expect(value(await metricsAt(workerPort), 'writ_checkpoint_age_seconds')).toBeGreaterThanOrEqual(0),
      30_000,
    );
    const [gateway, worker] = [await metricsAt(gatewayPort()), await metricsAt(workerPort)];
    const known = exportedIn(`${gateway}\n${worker}`);
    expect([...new Set(expressions.flatMap(metricsIn))].filter((name) => !known.has(name))).toEqual([]);
    expect(value(gateway, 'writ_snapshot_age_seconds')).toBeLessThan(60);
    expect(value(gateway, 'writ_key_set_age_seconds')).toBeLessThan(600);
    expect(value(gateway, 'writ_database_connections{pool="ledger",state="waiting"}')).toBeGreaterThanOrEqual(0);
    expect(value(gateway, 'writ_upstream_connections{state="idle"}')).toBeGreaterThanOrEqual(0);
    expect(value(gateway, 'writ_budget_leases')).toBeGreaterThanOrEqual(0);
    expect(value(gateway, 'writ_reservations_open')).toBe(0);
    expect(value(worker, 'writ_chain_lag_records')).toBeGreaterThanOrEqual(0);
    expect(value(worker, 'writ_checkpoint_age_seconds')).toBeGreaterThanOrEqual(0);
    expect(value(worker, 'writ_budget_written_off_micros')).toBe(0);
  }, 60_000);

  it('the same exchange costs the same, whole and as a stream', async () => {
    await control(stack, 'faults', { answer: { text: 'Fair.', tokens: { input: 700, output: 90, cacheRead: 300 } } });
    const before = costOf(await usageOf(tenant));
    expect(await chat(stack, nora, question)).toBe(200);
    let once = 0;
    await eventually(async () => {
      once = costOf(await usageOf(tenant)) - before;
      expect(once).toBeGreaterThan(0);
    }, soon);
    expect(await chat(stack, nora, { ...question, stream: true })).toBe(200);
    await eventually(async () => expect(costOf(await usageOf(tenant)) - before).toBe(2 * once), soon);
  }, 60_000);
});

interface Job {
  readonly id: string;
  readonly failure: string;
}

async function deadJobs(): Promise<readonly Job[]> {
  const answer = await tenant.client.run<{ jobs: { edges: readonly { node: Job }[] } }>(
    '{ jobs(first: 50, state: DEAD) { edges { node { id failure } } } }',
  );
  return answer.jobs.edges.map(({ node }) => node);
}

async function aBudget(name: string, match: string, limitMicros: number): Promise<{ id: string; version: number }> {
  const input = { name, scope: 'role', match, period: 'month', limitMicros: String(limitMicros), hard: true };
  const { budget } = await tenant.client.mutate<{ budget: { id: string; version: number } }>(
    'createBudget',
    input,
    'budget { id version }',
  );
  return budget;
}

describe('a budget, from the first request to the message that it is spent', () => {
  /** What each request reserves, and by the provider's count costs too: nothing is ever given back. */
  let each = 0;

  beforeAll(async () => {
    const made = await tenant.client.mutate<{ signingKey: string }>(
      'createWebhook',
      { name: 'finance', url: `${stack.urls.models}/hooks/finance` },
      'sink { id } signingKey',
    );
    await hookIs(stack, 'finance', { secret: made.signingKey, out: true });
    expect(await chat(stack, nora, question)).toBe(200);
    each = await reservedByTheNewest(stack, tenant);
    // 100 tokens of output are 60 micro-units; so many of input are the rest.
    const input = Math.floor((each - 60) / 0.15);
    await control(stack, 'faults', { answer: { text: 'Fair.', tokens: { input, output: 100, cacheRead: 0 } } });
  }, 60_000);

  it('B1: of a thousand requests, two hundred at a time, against a budget for three, three are answered', async () => {
    const { id, version } = await aBudget('three', 'clinician', 1);
    // Every process has it when so many in a row are refused.
    await eventually(async () => expect((await many(20, 4, askAsNora))[200]).toBeUndefined(), soon);
    await tenant.client.mutate(
      'updateBudget',
      { id, expectedVersion: version, limitMicros: String(3 * each), hard: true },
      'budget { id }',
    );
    let answered = (await many(1_000, 200, askAsNora))[200] ?? 0;
    await eventually(async () => {
      if (answered < 3 && (await askAsNora()) === 200) answered += 1;
      expect(answered).toBe(3);
    }, soon);
    expect((await many(100, 50, askAsNora))[200]).toBeUndefined();
  }, 120_000);

  it('its thresholds reach a receiver that was out, signed, each with one effect, and nobody gets a mail', async () => {
    await eventually(async () => expect((await hook(stack, 'finance')).outages).toBeGreaterThanOrEqual(3), 60_000);
    expect((await hook(stack, 'finance')).effects).toEqual([]);
    await hookIs(stack, 'finance', { out: false });
    await eventually(async () => {
      await triesComeAtOnce(stack);
      expect((await hook(stack, 'finance')).effects).toHaveLength(3);
    }, soon);
    const { effects, refused } = await hook(stack, 'finance');
    expect(refused).toBe(0);
    const told = effects.map(({ body }) => (body as { readonly data: { readonly percent: number } }).data);
    expect(told.toSorted((a, b) => a.percent - b.percent)).toMatchObject(
      [50, 80, 100].map((percent) => ({ kind: 'budget.threshold', budget: 'three', role: 'clinician', percent })),
    );
    expect(mails.filter((line) => line.includes('"mail"'))).toEqual([]);
  }, 120_000);

  it('F28: a message to a receiver that stays out ends as a dead letter, and is delivered once when somebody says so', async () => {
    await hookIs(stack, 'finance', { out: true });
    await aBudget('two', 'analyst', 2 * each);
    // The budget counts from the moment that every process has it; the first requests may come before.
    await eventually(async () => {
      await chat(stack, anton, question);
      const { client } = tenant;
      const { budgetStates } = await client.run<{ budgetStates: readonly { budget: string; spentMicros: string }[] }>(
        '{ budgetStates { budget spentMicros } }',
      );
      expect(budgetStates.find(({ budget }) => budget === 'two')?.spentMicros).toBe(String(2 * each));
    }, 60_000);
    await eventually(async () => {
      await triesComeAtOnce(stack);
      expect((await deadJobs()).length).toBe(3);
    }, 90_000);
    const [first, ...others] = await deadJobs();
    expect(first?.failure).toContain('503');
    await hookIs(stack, 'finance', { out: false });
    for (const { id } of others)
      await tenant.client.mutate('dismissJob', { jobId: id, reason: 'told by telephone' }, 'job { id }');
    await tenant.client.mutate('retryJob', { jobId: first?.id }, 'job { id }');
    await eventually(async () => expect((await hook(stack, 'finance')).effects).toHaveLength(4), soon);
    expect(await deadJobs()).toEqual([]);
  }, 200_000);
});

describe('what was used, for those who pay', () => {
  it('a correction is a record, and changes the sums and the file, once', async () => {
    const before = costOf(await usageOf(tenant));
    const input = {
      day: today(),
      group: '',
      app: '',
      model: 'gpt-sim',
      endpoint: '',
      costMicros: '-5',
      reason: 'agreed',
    };
    const { auditRecord } = await tenant.client.mutate<{ auditRecord: { id: string } }>(
      'correctUsage',
      input,
      'auditRecord { id }',
    );
    expect(costOf(await usageOf(tenant))).toBe(before - 5);
    const { day, model, costMicros } = input;
    expect(await recordOf(stack, tenant, auditRecord.id)).toMatchObject({
      name: 'admin.usage-corrected',
      fields: { day, model, costMicros },
    });
    const nothing = { ...input, costMicros: '0' };
    await expect(tenant.client.mutate('correctUsage', nothing, 'auditRecord { id }')).rejects.toThrow('other than 0');
    expect(costOf(await usageOf(tenant))).toBe(before - 5);
  }, 60_000);

  it('writ usage shows it, says how full the budgets are, and writes both files', async () => {
    const range = ['--from', today(), '--to', today()];
    const shown = await writ(stack, adaFile, 'usage', 'show', ...range, '--by', 'model');
    expect(shown).toMatch(/summed up until .*\n +\d+\.\d{6} +\d+ {2}gpt-sim/);
    const budgets = await writ(stack, adaFile, 'usage', 'budgets');
    expect(budgets).toMatch(/of 50\.000000 {2}monthly, a month/);
    expect(budgets).toMatch(/three \(clinician\), a month/);
    const [csv, parquet] = [join(folder, 'usage.csv'), join(folder, 'usage.parquet')];
    await writ(stack, adaFile, 'usage', 'export', ...range, '--out', csv);
    await writ(stack, adaFile, 'usage', 'export', ...range, '--format', 'parquet', '--out', parquet);
    expect(statSync(csv).mode & 0o777).toBe(0o600);
    const lines = readFileSync(csv, 'utf8').trimEnd().split('\r\n');
    const bytes = readFileSync(parquet);
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    });
    expect(rows).toHaveLength(lines.length - 1);
    const cost = rows.reduce((sum, row) => sum + Number(row['BilledCost']), 0);
    expect(cost * 1_000_000).toBeCloseTo(costOf(await usageOf(tenant)), 3);
    expect(rows.filter((row) => row['ChargeClass'] === 'Correction')).toMatchObject([{ ChargeDescription: 'agreed' }]);
  }, 60_000);
});
