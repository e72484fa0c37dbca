// How long does a new tenant take when the cell is nearly full? Fills a cell to 950 tenants, then measures the last ones:
// the database's part alone (roles, schema, tables, triggers, grants, log) and the whole mutation `createTenant`.
import { openHouse } from '../test/dist/journeys/tenant-api/house.js';
import { setupToken, done } from '../test/dist/journeys/tenant-api/steps.js';
import { logOrigin, planePool, provisionTenant } from '@writ/postgres';

const fill = Number(process.argv[2] ?? 950);
const measured = 25;
const house = await openHouse();
const api = planePool('writ_tenant_api', { url: house.databaseUrl, max: 2 });
const provision = async () => {
  const tenant = crypto.randomUUID();
  const from = performance.now();
  await provisionTenant(api, { tenant, origin: logOrigin('writ.test', tenant) });
  return performance.now() - from;
};
const figures = (name, times) => {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1);
  console.log(
    `${name}: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, longest ${sorted.at(-1).toFixed(1)} ms of ${times.length}`,
  );
};
try {
  const tokens = [];
  for (let at = 0; at < measured; at += 1) tokens.push(await setupToken(house, `ops@bench-${at}.example`));
  const first = [];
  for (let at = 0; at < fill; at += 1) first.push(await provision());
  figures(`the first ${measured} tenants, database part`, first.slice(0, measured));
  const last = [];
  for (let at = 0; at < measured; at += 1) last.push(await provision());
  figures(`from tenant ${fill} on, database part`, last);
  const whole = [];
  for (const [at, token] of tokens.entries()) {
    const from = performance.now();
    await done(house, 'createTenant', { name: `bench ${at}`, region: 'eu-central-1' }, 'tenant { id state }', token);
    whole.push(performance.now() - from);
  }
  figures(`from tenant ${fill + measured} on, createTenant with record and snapshot`, whole);
} finally {
  await api.close();
  await house.close();
}
process.exit(0);
