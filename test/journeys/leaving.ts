import { expect } from '@jest/globals';
import { TenantClient, mintToken } from '@writ/local';
import { Client } from 'pg';
import { eventually } from '../contract/eventually.js';
import { type IdentityHouse, bearer } from './identity-house.js';

/** Two people end a tenant without days of grace; afterwards nothing of it opens anything. */
export async function leave(house: IdentityHouse): Promise<void> {
  const { client } = house.tenant;
  const nora = bearer(await house.personToken('nora'));
  await house.map([
    { claim: 'groups', equals: 'admins', role: 'owner' },
    { claim: 'groups', equals: 'nurses', role: 'caller' },
    { claim: 'department', equals: 'it', role: 'caller' },
  ]);
  await house.within2s(nora, 200);
  const version = async () =>
    (await client.run<{ tenant: { version: number } }>('{ tenant { version } }')).tenant.version;
  const second = new TenantClient(
    house.stack.urls.tenantApi,
    await mintToken(house.stack, { person: 'ada', audience: house.stack.audiences.admin, claims: { sub: 'bea' } }),
  );
  const input = { expectedVersion: await version(), reason: 'The contract has ended.', graceDays: 0 };
  const request = () => client.mutate('requestTenantDeletion', input, 'tenant { state deletionDueAt }');
  await expect(request()).rejects.toThrow('APPROVAL_REQUIRED');
  const waiting = await second.run<{ approvals: { edges: { node: { id: string; version: number } }[] } }>(
    '{ approvals(first: 1) { edges { node { id version } } } }',
  );
  const approval = waiting.approvals.edges[0]?.node;
  await second.mutate('approveChange', { id: approval?.id, expectedVersion: approval?.version }, 'approval { state }');
  await request();
  await eventually(async () => expect((await house.chat(nora)).code).toBe('tenant-suspended'), 2_000);
  const { certificate } = await client.mutate<{ certificate: string }>(
    'completeTenantDeletion',
    { expectedVersion: await version() },
    'certificate auditRecord { id }',
  );
  await house.within2s(nora, 401);
  await expect(client.run('{ tenant { id } }')).rejects.toThrow();
  const statement = JSON.parse(Buffer.from(certificate.split('.')[1] ?? '', 'base64url').toString()) as object;
  expect(statement).toMatchObject({ type: 'tenant-deletion', destroyed: { dataKeys: ['hmac', 'content'] } });
  const admin = new Client({ connectionString: house.stack.postgres.url('postgres') });
  await admin.connect();
  const { rows } = await admin.query(
    `SELECT wrapped_hmac_key || wrapped_content_key AS keys, (SELECT count(*)::int FROM control.snapshot) AS snapshots,
       (SELECT count(*)::int FROM control.provider_credential) AS credentials FROM control.tenant`,
  );
  await admin.end();
  expect(rows).toEqual([{ keys: '', snapshots: 0, credentials: 0 }]);
}
