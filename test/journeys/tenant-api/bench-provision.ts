import { randomUUID } from 'node:crypto';
import { parseTenantId } from '@writ/domain';
import { logOrigin, planePool, provisionTenant } from '@writ/postgres';
import { openHouse } from './house.js';
import { done, setupToken } from './steps.js';

/**
 * How long does a new tenant take when the cell is nearly full? Fills a cell to 950 tenants, or as many as the first
 * argument says, then measures the last ones: the database's part alone (roles, schema, tables, triggers, grants, log)
 * and the whole mutation `createTenant`, with its record and its snapshot.
 */
const fill = Number(process.argv[2] ?? 950);
const measured = 25;
const house = await openHouse();
const plane = planePool('writ_tenant_api', { url: house.databaseUrl, max: 2 });
try {
  const tokens: string[] = [];
  for (let at = 0; at < measured; at += 1) tokens.push(await setupToken(house, `ops@bench-${at}.example`));
  const first = await repeated(fill, provision);
  tell(`the first ${measured} tenants, the database's part`, first.slice(0, measured));
  tell(`from tenant ${fill} on, the database's part`, await repeated(measured, provision));
  const create = async (at: number): Promise<void> => {
    const input = { name: `bench ${at}`, region: 'eu-central-1' };
    await done(house, 'createTenant', input, 'tenant { id state }', tokens[at]);
  };
  tell(`from tenant ${fill + measured} on, the whole of createTenant`, await repeated(measured, create));
} finally {
  await plane.close();
  await house.close();
}
process.exit(0);

async function provision(): Promise<void> {
  const tenant = parseTenantId(randomUUID());
  if (!tenant.ok) throw new Error(tenant.error);
  await provisionTenant(plane, { tenant: tenant.value, origin: logOrigin('writ.test', tenant.value) });
}

async function repeated(times: number, work: (at: number) => Promise<void>): Promise<readonly number[]> {
  const spent: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const from = performance.now();
    await work(at);
    spent.push(performance.now() - from);
  }
  return spent;
}

function tell(name: string, times: readonly number[]): void {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
  console.log(`${name}: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, longest ${at(1)} ms of ${times.length}`);
}
