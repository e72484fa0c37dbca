import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { TenantContext } from '@writ/domain';
import { type BundlePlan, logSigner, statementSigner, writeBundle } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import {
  bundlePlan,
  enrolledLedger,
  originOf,
  postgresLedgerStore,
  retentionStore,
  sequencerStore,
  withExport,
} from '@writ/postgres';
import { Sequencer, Spool, retain } from '@writ/worker';
import { loadRecords, wholeBatches } from './bench-load.js';
import type { TestDatabase } from './database.js';
import { aLog } from './records.js';

type Say = (line: string) => void;

/**
 * The memory of this process while a log of so many records is exported, and then pruned, as the worker's jobs do it: before,
 * at most, and how it grew with every further million.
 */
export async function recordsBench(
  database: TestDatabase,
  folder: string,
  asked: number,
  parts: readonly string[],
  say: Say,
): Promise<void> {
  const records = wholeBatches(asked);
  const tenant = await database.tenant();
  const key = logSigner(generateKeyPairSync('ed25519').privateKey);
  const from = performance.now();
  await loadRecords(await database.session('postgres'), tenant, records, key, say);
  say(`loaded ${records} records in ${seconds(from)} s`);
  if (parts.includes('export')) await exported(database, folder, tenant, records, say);
  if (parts.includes('prune')) await pruned(database, tenant, records, key, say);
}

async function exported(
  database: TestDatabase,
  folder: string,
  tenant: TenantContext,
  records: number,
  say: Say,
): Promise<void> {
  const signer = statementSigner(generateKeyPairSync('ed25519').privateKey);
  const id = randomUUID();
  const spool = new Spool<BundlePlan>(join(folder, tenant.tenant), id);
  const memory = new Memory('exported', records, say);
  await withExport(database.plane('writ_exporter', 1), tenant, async (reader) => {
    const order = { id, purpose: 'bench', requester: 'bench', fromMs: 0, toMs: Date.now() + 86_400_000 };
    const plan = await spool.plan(() => bundlePlan(reader, tenant, order, { keyset: new Uint8Array(1) }, Date.now()));
    if (plan === undefined) throw new Error('an empty log');
    let done = 0;
    const counted = async function* () {
      for await (const row of reader.rows(plan.from, plan.to)) {
        done += 1;
        yield row;
      }
    };
    await spool.write(writeBundle(plan, counted(), signer), () => {
      memory.look(done);
      return Promise.resolve();
    });
  });
  const bytes = statSync(join(folder, tenant.tenant, `${id}.tar`)).size;
  memory.tell(`${(bytes / 1e6).toFixed(0)} MB`);
}

async function pruned(
  database: TestDatabase,
  tenant: TenantContext,
  records: number,
  key: ReturnType<typeof logSigner>,
  say: Say,
): Promise<void> {
  const worker = database.plane('writ_worker', 3);
  const own = enrolledLedger({
    plane: worker,
    authority: statementSigner(generateKeyPairSync('ed25519').privateKey),
    kind: 'worker',
    settings: { build: { version: 'bench' }, environment: 'bench', clock: { source: 'bench', errorMs: 1 } },
    clock: systemClock,
    logKeys: () => [],
    onAlarm: (alarm) => say(JSON.stringify(alarm)),
    onProblem: say,
  });
  await own.enrolled;
  const sequencer = new Sequencer({
    store: sequencerStore(database.plane('writ_sequencer', 2)),
    key,
    clock: systemClock,
    gate: () => Promise.resolve(),
    onPublished: () => undefined,
    onProblem: say,
  });
  sequencer.start();
  const origin = (await originOf(worker, tenant.tenant)) ?? '';
  const store = retentionStore(database.plane('writ_retention', 1));
  const memory = new Memory('pruned', records, say);
  let done = 0;
  await retain(tenant.tenant, {
    reading: database.plane('writ_exporter', 1),
    retention: {
      ...store,
      async prune(...window) {
        const answer = await store.prune(...window);
        done += answer.records;
        memory.look(done);
        return answer;
      },
    },
    ledger: own.ledger,
    store: postgresLedgerStore(worker),
    logs: () => Promise.resolve({ ...aLog(tenant), origin }),
    clock: systemClock,
    onProblem: say,
  });
  memory.tell(`${done} of ${records} records gone`);
  const gaps = await withExport(database.plane('writ_exporter', 1), tenant, (reader) => reader.gaps(0, records));
  if (gaps.length !== 1 || gaps[0]?.from !== 0 || gaps[0].to !== records || gaps[0].record === undefined)
    throw new Error(`what is gone is not one range under its order: ${JSON.stringify(gaps.slice(0, 3))}`);
  await sequencer.stop();
  await own.close();
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
const seconds = (from: number): string => ((performance.now() - from) / 1_000).toFixed(1);
/** So often memory is looked at, and so often it is said. */
const lookMs = 250;
const tells = 10;

class Memory {
  readonly #from = performance.now();
  readonly #before: number;
  readonly #looks: { readonly millions: number; readonly rss: number }[] = [];
  readonly #what: string;
  readonly #records: number;
  readonly #say: Say;
  #lookedAt = 0;
  #told = 0;

  constructor(what: string, records: number, say: Say) {
    global.gc?.();
    this.#before = process.memoryUsage.rss();
    this.#what = what;
    this.#records = records;
    this.#say = say;
  }

  look(done: number): void {
    if (performance.now() - this.#lookedAt < lookMs) return;
    this.#lookedAt = performance.now();
    const rss = process.memoryUsage.rss();
    this.#looks.push({ millions: done / 1e6, rss });
    if (done < (this.#told + 1) * (this.#records / tells)) return;
    this.#told += 1;
    this.#say(`  ${seconds(this.#from)} s: ${done} ${this.#what}, resident memory ${megabytes(rss)} MB`);
  }

  tell(more: string): void {
    const most = Math.max(this.#before, ...this.#looks.map(({ rss }) => rss));
    const rate = Math.round(this.#records / ((performance.now() - this.#from) / 1_000));
    this.#say(
      `${this.#what} ${this.#records} records (${more}) in ${seconds(this.#from)} s, ${rate}/s; resident memory ${megabytes(this.#before)} MB before, ${megabytes(most)} MB at most, ${this.#slope()} MB more with each million after the first half`,
    );
  }

  /** Least squares over the second half: the first is the process finding its size. */
  #slope(): string {
    const half = this.#looks.slice(Math.floor(this.#looks.length / 2));
    const mean = (of: (one: { readonly millions: number; readonly rss: number }) => number): number =>
      half.reduce((sum, one) => sum + of(one), 0) / half.length;
    const [x, y] = [mean(({ millions }) => millions), mean(({ rss }) => rss)];
    const over = half.reduce((sum, one) => sum + (one.millions - x) * (one.rss - y), 0);
    const under = half.reduce((sum, one) => sum + (one.millions - x) ** 2, 0);
    return under === 0 ? '?' : (over / under / 1e6).toFixed(1);
  }
}
