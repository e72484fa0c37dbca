// How much CPU time a bundle takes to verify, in seconds a million records: structure alone, then with every signature.
//   npm run bench:verify -- --records 100000
// Requests of five records (decision, dispatch, two segments, outcome) with denies and events between, made by the real ledger and
// written by the real exporter, with their sealed content; nothing but a file is read afterwards. Targets: structure 60 s
// (moonshot 20 s), every signature 300 s on one core.
import { mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exampleLog, exporter, planOf, root } from '../libs/ledger/dist/bundle/log.fixtures.js';
import { verifyBundle, writeBundle } from '@writ/ledger';
import { fileSource } from '../apps/cli/dist/verify-file.js';

const { values } = parseArgs({
  options: { records: { type: 'string', default: '20000' }, rounds: { type: 'string', default: '3' } },
});
const folder = mkdtempSync(join(tmpdir(), 'writ-verify-'));
try {
  const path = join(folder, 'bundle.tar');
  const records = await writeTo(path, Number(values.records));
  console.log(`${records} records, ${(statSync(path).size / 1e6).toFixed(1)} MB`);
  for (const [name, structureOnly, rounds] of [
    ['structure', true, Number(values.rounds)],
    ['every signature', false, 1],
  ]) {
    for (let round = 0; round < rounds; round += 1)
      console.log(`${name}: ${await measure(path, records, structureOnly)}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function writeTo(path, wanted) {
  const { leaves } = await exampleLog(Math.ceil(wanted / 5.6));
  const file = openSync(path, 'w');
  const rows = async function* () {
    yield* leaves;
  };
  for await (const piece of writeBundle(planOf(leaves), rows(), exporter)) writeSync(file, piece);
  return leaves.length;
}

async function measure(path, records, structureOnly) {
  const source = fileSource(path);
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const report = await verifyBundle(source, { root: root.publicKey, structureOnly });
  const spent = process.cpuUsage(cpu);
  const wallMs = performance.now() - begun;
  source.close();
  if (report.exit !== 0) throw new Error(JSON.stringify(report.findings.slice(0, 3)));
  const million = (ms) => `${((ms * 1_000) / records).toFixed(1)} s`;
  const memory = (process.memoryUsage.rss() / 1e6).toFixed(0);
  return `${million((spent.user + spent.system) / 1_000)} of CPU a million records (${million(wallMs)} by the clock), ${memory} MB`;
}
