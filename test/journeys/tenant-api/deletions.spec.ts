import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TenantId, parseTenantId } from '@writ/domain';
import { localKms } from '@writ/platform';
import { type PlanePool, isClosedLog, livingTenants, planePool, snapshotSource, tenantsWithLogs } from '@writ/postgres';
import { finishDeletions } from '@writ/tenant-api';
import { logContexts } from '@writ/worker';
import { must } from '../../support/index.js';
import { type House, openHouse } from './house.js';
import { type Federated, change, done, federate } from './steps.js';

let house: House;
let leaving: Federated;
let tenant: TenantId;
let worker: PlanePool;
let certify: House['ports']['certify'];

beforeAll(async () => {
  house = await openHouse();
  certify = house.ports.certify;
  leaving = await federate(house, 'leaving');
  const { rows } = await house.admin.query<{ id: string }>('SELECT id FROM control.tenant');
  tenant = must(parseTenantId(rows[0]?.id ?? ''));
  worker = planePool('writ_worker', { url: house.url('writ_worker'), max: 2 });
});
afterAll(async () => {
  await worker?.close();
  await house?.close();
});

const version = async (): Promise<number> =>
  (await house.ask<{ tenant: { version: number } }>('{ tenant { version } }', {}, leaving.owner)).data.tenant.version;

/** Two people end the tenant, without days of grace; the process dies where the keys should be destroyed. */
async function endHalfWay(): Promise<void> {
  const second = await house.issuer.token({ sub: 'grace', org_id: 'leaving', groups: ['it-admins'] });
  const input = { expectedVersion: await version(), reason: 'The contract has ended.', graceDays: 0 };
  const field = 'requestTenantDeletion';
  await change(house, field, input, 'tenant { state }', leaving.owner);
  const waiting = await house.ask<{ approvals: { edges: { node: { id: string; version: number } }[] } }>(
    '{ approvals(first: 1) { edges { node { id version } } } }',
    {},
    second,
  );
  const { id, version: expectedVersion } = waiting.data.approvals.edges[0]?.node ?? {};
  await done(house, 'approveChange', { id, expectedVersion }, 'approval { state }', second);
  await done(house, field, input, 'tenant { state }', leaving.owner);
  Object.assign(house.ports, {
    certify: () => {
      throw new Error('the process dies here');
    },
  });
  const last = { expectedVersion: await version() };
  await expect(change(house, 'completeTenantDeletion', last, 'certificate', leaving.owner)).rejects.toThrow();
  Object.assign(house.ports, { certify });
}

const keys = async (): Promise<string> =>
  (
    await house.admin.query<{ keys: string }>(
      'SELECT wrapped_hmac_key || wrapped_content_key AS keys FROM control.tenant',
    )
  ).rows[0]?.keys ?? '';

describe('a deletion whose process died between its record and the keys', () => {
  it('is found and finished, by whoever looks, and certified for who asked for it', async () => {
    const input = { name: 'hooks', url: `${house.issuer.url}/hook` };
    await done(house, 'createWebhook', input, 'sink { id }', leaving.owner);
    await endHalfWay();
    expect(await keys()).not.toBe('');
    expect(await finishDeletions(house.ports)).toEqual([]);
    // Asked for again after that record, it would have its days of grace: nothing is destroyed on the strength of the old one.
    const asked = `UPDATE control.change SET created_at = now() WHERE event = 'admin.tenant-deletion-requested'`;
    await house.admin.query(asked);
    expect(await finishDeletions(house.ports, 0)).toEqual([]);
    await house.admin.query(asked.replace('now()', `now() - interval '1 hour'`));
    const [finished, ...others] = await finishDeletions(house.ports, 0);
    expect(others).toEqual([]);
    expect(finished).toMatchObject({ tenant, outcome: 'finished' });
    const statement = JSON.parse(
      Buffer.from(finished?.certificate?.split('.')[1] ?? '', 'base64url').toString(),
    ) as Record<string, unknown>;
    expect(statement).toMatchObject({
      type: 'tenant-deletion',
      tenant,
      requester: expect.stringMatching(/^[0-9a-f]{64}$/),
      destroyed: { dataKeys: ['hmac', 'content'], identityProviders: 1 },
    });
    expect(await keys()).toBe('');
    expect(await finishDeletions(house.ports, 0)).toEqual([]);
  });

  it('leaves nothing for workers to do: no chore, no job, no sink, no review', async () => {
    expect(await livingTenants(worker)).toEqual([]);
    const { rows } = await house.admin.query(
      `SELECT (SELECT count(*)::int FROM control.work) AS jobs, (SELECT count(*)::int FROM control.sink) AS sinks,
         (SELECT count(*)::int FROM control.review) AS reviews, (SELECT count(*)::int FROM t_${tenant.replaceAll('-', '')}.outbox) AS outbox`,
    );
    expect(rows).toEqual([{ jobs: 0, sinks: 0, reviews: 0, outbox: 0 }]);
  });

  it('still lets its log be pruned and its open decisions be closed, under keys that nobody keeps', async () => {
    expect(await tenantsWithLogs(worker)).toEqual([tenant]);
    const verifier = { verify: () => false } as never;
    const source = snapshotSource(worker, { verifier, onProblem: () => undefined });
    const contexts = logContexts(source, localKms(randomBytes(32)), (id) => isClosedLog(worker, id));
    const log = await contexts({ tenant, origin: 'writ.test/x' });
    expect(log).toMatchObject({ tenant: { tenant }, keep: 'y6' });
    const other = must(parseTenantId('0198a000-0000-7000-8000-000000000001'));
    await expect(contexts({ tenant: other, origin: 'writ.test/y' })).rejects.toThrow('cannot be read');
    await source.close();
  });
});
