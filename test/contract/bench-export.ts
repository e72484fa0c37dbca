import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type BundlePlan, logSigner, statementSigner, writeBundle } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { bundlePlan, postgresLedgerStore, sequencerStore, withExport, writerRegister } from '@writ/postgres';
import { Sequencer, Spool } from '@writ/worker';
import type { TestDatabase } from './database.js';
import { LeafMaker } from './leaves.js';

/** Writes a log of so many records, exports it as the job does, and says how much memory that took at most. */
export async function exportBench(
  database: TestDatabase,
  folder: string,
  records: number,
  say: (line: string) => void,
): Promise<void> {
  const tenant = await database.tenant();
  const gateway = database.plane('writ_gateway', 4);
  await writerRegister(gateway).enrol({ id: 'gw-b', kind: 'gateway', publicKey: 'k', statement: 's' });
  const sequencer = new Sequencer({
    store: sequencerStore(database.plane('writ_sequencer', 2)),
    key: logSigner(generateKeyPairSync('ed25519').privateKey),
    clock: systemClock,
    gate: () => Promise.resolve(),
    onPublished: () => undefined,
    onProblem: say,
  });
  const store = postgresLedgerStore(gateway);
  const maker = new LeafMaker('gw-b');
  let from = performance.now();
  for (let n = 0; n < records; n += 64) {
    const outcome = await store.append(
      Array.from({ length: Math.min(64, records - n) }, () => maker.leaf(tenant.tenant, { lane: 1 })),
    );
    if (outcome.kind !== 'durable') throw new Error(JSON.stringify(outcome));
    while ((await sequencer.tick()).kind === 'committed');
  }
  say(`loaded ${records} records in ${((performance.now() - from) / 1_000).toFixed(1)} s`);
  global.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  from = performance.now();
  const signer = statementSigner(generateKeyPairSync('ed25519').privateKey);
  const id = randomUUID();
  const spool = new Spool<BundlePlan>(join(folder, tenant.tenant), id);
  await withExport(database.plane('writ_exporter', 1), tenant, async (reader) => {
    const order = { id, purpose: 'bench', requester: 'bench', fromMs: 0, toMs: Date.now() + 86_400_000 };
    const plan = await spool.plan(() => bundlePlan(reader, tenant, order, { keyset: new Uint8Array(1) }, Date.now()));
    if (plan === undefined) throw new Error('an empty log');
    await spool.write(writeBundle(plan, reader.rows(plan.from, plan.to), signer), () => {
      most = Math.max(most, process.memoryUsage.rss());
      return Promise.resolve();
    });
  });
  const seconds = (performance.now() - from) / 1_000;
  const bytes = statSync(join(folder, tenant.tenant, `${id}.tar`)).size;
  say(
    `exported ${records} records, ${(bytes / 1e6).toFixed(1)} MB, in ${seconds.toFixed(1)} s (${Math.round(records / seconds)} records/s); resident memory ${(before / 1e6).toFixed(0)} MB before, ${(most / 1e6).toFixed(0)} MB at most`,
  );
}
