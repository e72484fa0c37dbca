import { parseArgs } from 'node:util';
import { postgresLedgerStore, writerRegister } from '@writ/postgres';
import { startDatabase } from './database.js';
import { LeafMaker } from './leaves.js';
import { runWallTrials } from './walls-trials.js';

/** `npm run test:walls -- --trials 10000000 [--seed 7]`: X1 for as long as you like, on a pool of one connection. */
const { values } = parseArgs({
  options: { trials: { type: 'string', default: '100000' }, seed: { type: 'string', default: '20261126' } },
});
const database = await startDatabase();
const tenants = [await database.tenant(), await database.tenant()];
const gateway = database.plane('writ_gateway');
await writerRegister(gateway).enrol({ id: 'gw-1', kind: 'gateway', publicKey: 'key', statement: 's' });
const maker = new LeafMaker('gw-1');
await postgresLedgerStore(gateway).append(tenants.map(({ tenant }) => maker.leaf(tenant)));
const from = performance.now();
const one = database.plane('writ_worker', 1);
const result = await runWallTrials(one, tenants, Number(values.trials), Number(values.seed), {
  tell: (done) => console.log(`${done} of ${values.trials}`),
});
const seconds = (performance.now() - from) / 1_000;
const perSecond = Math.round(result.trials / seconds);
console.log(JSON.stringify({ ...result, seconds: Math.round(seconds), perSecond }));
await database.close();
process.exit(result.violations.length === 0 ? 0 : 1);
