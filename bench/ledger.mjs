// Records a second, latency and CPU of a commit, per evidence level, at 1, 8, 32 and 128 in flight, for one tenant and for
// many; then how fast an export verifies. A real Postgres, a real sequencer process, three real witnesses over HTTP.
//   npm run bench:ledger -- --seconds 5 --tenants 1000 --levels committed,receipted,witnessed
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startWitness } from '@writ/cli';
import { bundleExporter } from '@writ/tenant-api';
import { startApp, startPostgres } from '@writ/local';
import { tenantOfJob } from '@writ/domain';
import {
  keysetKey,
  logSigner,
  parseWitnessPolicy,
  rawPublicKey,
  signKeyset,
  statementSigner,
  verifyBundle,
} from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { enrolledLedger, logOrigin, logins, migrate, planePool, provisionTenant } from '@writ/postgres';
import { aLog, aPermitRecord, anOutcomeRecord } from './ledger-records.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    tenants: { type: 'string', default: '1000' },
    levels: { type: 'string', default: 'committed,receipted,witnessed' },
    inflight: { type: 'string', default: '1,8,32,128' },
    verify: { type: 'string', default: '20000' },
    buffers: { type: 'string', default: '512MB' },
  },
});
const runMs = Number(values.seconds) * 1_000;
const logName = 'bench.example';
const folder = mkdtempSync(join(tmpdir(), 'writ-bench-'));
const stops = [];
// The default of 128 MB does not hold the ends of a thousand tenants' tables and indexes.
const database = await startPostgres({
  dataDir: join(folder, 'postgres'),
  log: () => undefined,
  settings: [`shared_buffers=${values.buffers}`],
});
stops.push(() => database.stop());

try {
  await migrate(database.url('postgres'), Object.fromEntries(logins.map((login) => [login, database.password(login)])));
  const keys = keyFiles();
  const api = pool('writ_tenant_api', 4);
  const tenants = await provision(api, Math.max(1, Number(values.tenants)));
  const { policyFile, policy } = await witnesses(keys);
  const worker = await startApp({
    name: 'worker',
    entry: 'apps/worker/dist/main.js',
    args: ['--roles', 'sequencer'],
    settings: {
      WRIT_LOG_NAME: logName,
      WRIT_SEQUENCER_DATABASE_URL: database.url('writ_sequencer'),
      WRIT_LOG_KEY_FILE: keys.logKeyFile,
      WRIT_ANCHOR_FOLDER: join(folder, 'anchor'),
      WRIT_WITNESS_POLICY_FILE: policyFile,
      WRIT_EGRESS_ALLOW_HOSTS: policy.witnesses.map(({ url }) => new URL(url).host).join(','),
    },
    logFolder: join(folder, 'log'),
  });
  stops.push(() => worker.stop());
  const own = enrolledLedger({
    plane: pool('writ_gateway', 8),
    authority: keys.authority,
    kind: 'gateway',
    settings: { build: { version: 'bench' }, environment: 'bench', clock: { source: 'bench', errorMs: 1 } },
    clock: systemClock,
    logKeys: () => [keys.logKey.publicKey],
    witnesses: policy,
    onAlarm: (alarm) => console.error(alarm),
    onProblem: (problem) => console.error(problem),
  });
  stops.push(() => own.close());
  await own.enrolled;
  const processes = { postgres: database.pid, sequencer: worker.pid };
  await measure(own.ledger, tenants.slice(0, 1), 'committed', 32, 2_000, processes);
  // A connection reads a tenant's tables from the catalogue when it first writes there: once, so it is not what a record costs.
  const first = await measure(own.ledger, tenants, 'committed', 128, 2_000 + tenants.length * 10, processes);
  console.log(
    `first touch of ${tenants.length} tenants: ${first.perSecond.toFixed(0)} records/s, p99 ${first.p99} ms (not counted below)`,
  );
  console.log('                                                                  CPU us a record');
  console.log('tenants  level      in flight  records/s   p50 ms   p99 ms  refused  writer  Postgres  sequencer');
  let one = 0;
  for (const level of values.levels.split(',')) {
    for (const inflight of values.inflight.split(',').map(Number)) {
      for (const logs of tenants.length > 1 ? [tenants.slice(0, 1), tenants] : [tenants]) {
        if (level === 'witnessed' && logs.length > 1) continue;
        const run = await measure(
          own.ledger,
          logs,
          level,
          inflight,
          level === 'witnessed' ? runMs * 2 : runMs,
          processes,
        );
        if (logs.length === 1) one = run.perSecond;
        const share = logs.length > 1 ? `   ${(run.perSecond / one).toFixed(2)} of one tenant` : '';
        console.log(
          `${String(logs.length).padStart(7)}  ${level.padEnd(9)}  ${String(inflight).padStart(9)}  ${run.perSecond.toFixed(0).padStart(9)}  ${run.p50.padStart(7)}  ${run.p99.padStart(7)}  ${String(run.refused).padStart(7)}  ${run.cpu.map((micros, at) => micros.padStart([6, 8, 9][at])).join('  ')}${share}`,
        );
      }
    }
  }
  console.log(
    'targets: committed at 32 in flight p50 <= 3 ms, p99 <= 15 ms; one tenant >= 4,000 records/s; 1,000 tenants >= 0.6 of one;',
  );
  console.log('         receipted p99 <= 1,000 ms');
  await verifySpeed(own.ledger, tenants.at(-1), keys);
} finally {
  for (const stop of stops.toReversed()) await stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

function pool(login, max) {
  const plane = planePool(login, { url: database.url(login), max });
  stops.push(() => plane.close());
  return plane;
}

function make() {
  return generateKeyPairSync('ed25519').privateKey;
}

function keyFiles() {
  const logPrivate = make();
  const logKeyFile = join(folder, 'log.pem');
  writeFileSync(logKeyFile, logPrivate.export({ type: 'pkcs8', format: 'pem' }));
  const [authority, exporter, root] = [make(), make(), make()].map(statementSigner);
  return { logKeyFile, logKey: logSigner(logPrivate), logPublic: rawPublicKey(logPrivate), authority, exporter, root };
}

async function provision(api, count) {
  const logs = [];
  for (let n = 0; n < count; n += 1) {
    const id = randomUUID();
    const origin = logOrigin(logName, id);
    await provisionTenant(api, { tenant: id, origin });
    logs.push({ ...aLog(tenantOfJob(id)), origin, hmacKey: randomBytes(32), contentKey: randomBytes(32) });
  }
  return logs;
}

async function witnesses({ logPublic }) {
  const log = [`${logName}/epochs=${Buffer.from(logPublic).toString('hex')}`];
  const running = await Promise.all(
    ['w1.example', 'w2.example', 'w3.example'].map((name) =>
      startWitness({ name, folder: join(folder, name), log, host: '127.0.0.1', port: 0 }),
    ),
  );
  stops.push(() => Promise.all(running.map((each) => each.stop())));
  const lines = running.map(({ url, vkey }, at) => `witness w${at + 1} ${vkey} ${url}`);
  const text = [...lines, 'group all-of-us 2 w1 w2 w3', 'quorum all-of-us', ''].join('\n');
  const policyFile = join(folder, 'policy');
  writeFileSync(policyFile, text);
  return { policyFile, policy: parseWitnessPolicy(text) };
}

/** `inflight` callers, each with its next record as soon as the last one is durable. */
async function measure(ledger, logs, level, inflight, forMs, processes) {
  const took = [];
  let refused = 0;
  let next = 0;
  const cpu = process.cpuUsage();
  const others = Object.values(processes).map(cpuMicrosOf);
  const begun = performance.now();
  const caller = async () => {
    while (performance.now() - begun < forMs) {
      const log = logs[(next += 1) % logs.length];
      const at = performance.now();
      const receipt = await ledger.commit(log, aPermitRecord(), { level, deadlineMs: 5_000 });
      if (receipt.ok) took.push(performance.now() - at);
      else refused += 1;
    }
  };
  await Promise.all(Array.from({ length: inflight }, caller));
  const spent = process.cpuUsage(cpu);
  const spentByOthers = Object.values(processes).map((pid, at) => cpuMicrosOf(pid) - others[at]);
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
  return {
    perSecond: (took.length * 1_000) / (performance.now() - begun),
    p50: at(0.5),
    p99: at(0.99),
    refused,
    cpu: [spent.user + spent.system, ...spentByOthers].map((micros) => (micros / Math.max(1, took.length)).toFixed(0)),
  };
}

/** CPU of a process and its children, ended ones too, in microseconds; NaN where there is no /proc. Ticks are 10 ms. */
function cpuMicrosOf(pid) {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
    const own = ticksOf(pid, true);
    return children.reduce((sum, child) => sum + ticksOf(child, false), own) * 10_000;
  } catch {
    return Number.NaN;
  }
}

/** utime and stime, and those of children waited for: fields 14 to 17 of proc(5). */
function ticksOf(pid, withEnded) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, withEnded ? 15 : 13).reduce((sum, ticks) => sum + Number(ticks), 0);
}

async function verifySpeed(ledger, log, keys) {
  const records = Number(values.verify);
  for (let written = 0; written < records; written += 200) {
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const permit = aPermitRecord();
        const how = { level: 'committed', deadlineMs: 10_000 };
        const receipt = await ledger.commit(log, permit, how);
        if (receipt.ok) await ledger.commit(log, anOutcomeRecord(permit.request, receipt.value.leafHash), how);
      }),
    );
  }
  await ledger.commit(log, aPermitRecord(), { level: 'witnessed', deadlineMs: 10_000 });
  const now = Date.now();
  const window = { from: now - 86_400_000, until: now + 86_400_000 };
  const keyset = {
    _t: 'writ.keyset/1',
    deployment: logName,
    version: 1,
    issued: now,
    keys: [
      keysetKey('log', keys.logPublic, window, `${logName}/`),
      keysetKey('writer-ca', keys.authority.publicKey, window),
      keysetKey('export', keys.exporter.publicKey, window),
    ],
  };
  const exporter = bundleExporter({
    plane: pool('writ_exporter', 1),
    signer: keys.exporter,
    keyset: signKeyset(keyset, keys.root),
    nowMs: () => Date.now(),
  });
  const pieces = [];
  const order = { id: randomUUID(), purpose: 'bench', requester: 'bench', fromMs: 0, toMs: now + 86_400_000 };
  const begun = performance.now();
  await exporter.write(log.tenant, order, async (piece) => void pieces.push(piece));
  const bundle = Buffer.concat(pieces);
  const exported = performance.now() - begun;
  const source = { length: bundle.length, read: (offset, length) => bundle.subarray(offset, offset + length) };
  const times = {};
  let size = 0;
  for (const structureOnly of [true, false]) {
    const cpu = process.cpuUsage();
    const report = await verifyBundle(source, { root: keys.root.publicKey, structureOnly });
    const spent = process.cpuUsage(cpu);
    times[structureOnly] = (spent.user + spent.system) / 1_000;
    size = Number(/of (\d+)/.exec(report.claims.find(({ name }) => name === 'COMPLETE')?.what ?? '')?.[1] ?? 0);
    if (report.exit !== 0) throw new Error(JSON.stringify(report.findings.slice(0, 3)));
  }
  const million = (ms) => `${((ms * 1_000) / size).toFixed(1)} s per million`;
  console.log(`${size} records (${(bundle.length / 1e6).toFixed(1)} MB): exported in ${million(exported)}`);
  console.log(`verified, structure: ${million(times.true)} of CPU   (target: 60 s; moonshot 20 s)`);
  console.log(`verified, every signature: ${million(times.false)} of CPU   (moonshot: 300 s)`);
}
