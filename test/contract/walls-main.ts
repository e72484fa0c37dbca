import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { postgresLedgerStore, writerRegister } from '@writ/postgres';
import { seeded } from '../support/random.js';
import { startDatabase } from './database.js';
import { LeafMaker } from './leaves.js';
import { onePoolTwin, seededHazard } from './session-twin.js';
import { runWallLanes } from './walls-lanes.js';
import { type WallTrials, runWallTrials } from './walls-trials.js';

/**
 * `npm run test:walls -- --trials 10000000 [--real-minutes 90] [--in-memory 0] [--threads 2] [--lanes 4] [--seed 7]`: X1 for as
 * long as you like. Trials run on a session in memory that breaks between any two messages, as many as `--in-memory` says (by
 * default as many as on Postgres); then on a real Postgres, `--lanes` pools of one connection in each of `--threads` threads,
 * until there were `--trials` of all lanes together or the minutes are over. The two counts are told apart, and never added.
 */
const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '1000000' },
    'in-memory': { type: 'string' },
    'real-minutes': { type: 'string', default: '1' },
    threads: { type: 'string', default: String(availableParallelism()) },
    lanes: { type: 'string', default: '4' },
    seed: { type: 'string', default: '20261126' },
  },
});
const trials = Number(values.trials);
const inMemoryTrials = Number(values['in-memory'] ?? values.trials);
const seed = Number(values.seed);
// The server has a user of its own where this runs as root, and puts its socket here.
const socketFolder = mkdtempSync(join(tmpdir(), 'writ-walls-'));
chmodSync(socketFolder, 0o777);
const database = await startDatabase([`unix_socket_directories=${socketFolder}`]);
const tenants = [await database.tenant(), await database.tenant()];
const twin = onePoolTwin('writ_worker', tenants, seededHazard(seeded(seed + 1)));
const inMemory = await told('in memory', () =>
  runWallTrials(twin.plane, tenants, inMemoryTrials, seed, { ...twin, tellEvery: 1_000_000, tell: progress }),
);

const gateway = database.plane('writ_gateway');
await writerRegister(gateway).enrol({ id: 'gw-1', kind: 'gateway', publicKey: 'key', statement: 's' });
const maker = new LeafMaker('gw-1');
await postgresLedgerStore(gateway).append(tenants.map(({ tenant }) => maker.leaf(tenant)));
const bySocket = overSocket(database.server.url('writ_worker'));
const real = await told('on Postgres', () =>
  runWallLanes({
    tenants: tenants.map(({ tenant }) => tenant),
    // One lane in four comes by TCP, as gateways do; the others by the cheaper way.
    urls: [database.server.url('writ_worker'), bySocket, bySocket, bySocket],
    adminUrl: overSocket(database.server.url('postgres')),
    threads: Number(values.threads),
    lanesPerThread: Number(values.lanes),
    trials,
    minutes: Number(values['real-minutes']),
    seed,
    tell: progress,
  }),
);
await database.close();
rmSync(socketFolder, { recursive: true, force: true });
process.exit(inMemory.violations.length + real.violations.length === 0 ? 0 : 1);

function overSocket(text: string): string {
  const { username, password, pathname, port } = new URL(text);
  return `postgres://${username}:${password}@${pathname}?host=${encodeURIComponent(socketFolder)}&port=${port}`;
}

function progress(done: number): void {
  console.log(`${done} of ${trials}`);
}

async function told(where: string, run: () => Promise<WallTrials>): Promise<WallTrials> {
  const from = performance.now();
  const result = await run();
  const seconds = (performance.now() - from) / 1_000;
  const perSecond = Math.round(result.trials / seconds);
  console.log(JSON.stringify({ where, ...result, seconds: Math.round(seconds), perSecond }));
  return result;
}
