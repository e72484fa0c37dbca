import { parseArgs } from 'node:util';
import { postgresLedgerStore, writerRegister } from '@writ/postgres';
import { seeded } from '../support/random.js';
import { startDatabase } from './database.js';
import { LeafMaker } from './leaves.js';
import { onePoolTwin, seededHazard } from './session-twin.js';
import { type WallTrials, interruptBy, runWallTrials } from './walls-trials.js';

/**
 * `npm run test:walls -- --trials 10000000 [--real-minutes 60] [--seed 7]`: X1 for as long as you like. The trials run on a
 * session in memory that breaks between any two messages; then, for as many minutes as asked for and at most as many
 * trials, on a real Postgres with a pool of one connection. The two counts are told apart, and never added.
 */
const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '1000000' },
    'real-minutes': { type: 'string', default: '1' },
    seed: { type: 'string', default: '20261126' },
  },
});
const trials = Number(values.trials);
const seed = Number(values.seed);
const database = await startDatabase();
const tenants = [await database.tenant(), await database.tenant()];
const twin = onePoolTwin('writ_worker', tenants, seededHazard(seeded(seed + 1)));
const inMemory = await told('in memory', () =>
  runWallTrials(twin.plane, tenants, trials, seed, { ...twin, tellEvery: 1_000_000, tell: progress }),
);

const gateway = database.plane('writ_gateway');
await writerRegister(gateway).enrol({ id: 'gw-1', kind: 'gateway', publicKey: 'key', statement: 's' });
const maker = new LeafMaker('gw-1');
await postgresLedgerStore(gateway).append(tenants.map(({ tenant }) => maker.leaf(tenant)));
const interrupt = interruptBy(await database.session('postgres'));
const one = database.plane('writ_worker', 1);
const until = performance.now() + Number(values['real-minutes']) * 60_000;
const real = await told('on Postgres', () =>
  runWallTrials(one, tenants, trials, seed, { interrupt, tell: progress, goesOn: () => performance.now() < until }),
);
await database.close();
process.exit(inMemory.violations.length + real.violations.length === 0 ? 0 : 1);

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
