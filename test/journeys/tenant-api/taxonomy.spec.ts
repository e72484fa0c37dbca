import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type House, openHouse } from './house.js';
import { type Payload, change, federate } from './steps.js';

let house: House;
let owner: string;
beforeAll(async () => {
  house = await openHouse();
  ({ owner } = await federate(house, 'words'));
});
afterAll(() => house?.close());

const upsert = (input: object): Promise<Payload> =>
  change(house, 'upsertTaxonomy', input, 'taxonomy { version terms { class term } }', owner);

describe('the taxonomy of a tenant', () => {
  it('reaches the gateways with the next snapshot, and is refused when it does not load', async () => {
    const terms = [{ class: 'INTERNAL', term: 'Project Heron' }];
    expect((await upsert({ expectedVersion: 0, terms })).userErrors).toEqual([]);
    const { rows } = await house.admin.query<{ body: string }>(
      'SELECT body FROM control.snapshot ORDER BY published_at DESC LIMIT 1',
    );
    expect((JSON.parse(rows[0]?.body ?? '{}') as { taxonomy: object }).taxonomy).toMatchObject({
      version: 'tenant-1',
      terms,
    });
    expect((await upsert({ expectedVersion: 0, terms })).userErrors[0]?.code).toBe('CONFLICT');
    const broken = [{ class: 'INTERNAL', name: 'broken', pattern: '(' }];
    expect((await upsert({ expectedVersion: 1, terms, patterns: broken })).userErrors[0]?.code).toBe('INVALID');
  });

  it('finds less only with a second person', async () => {
    const terms = [{ class: 'INTERNAL', term: 'Project Heron' }];
    const relaxed = await upsert({ expectedVersion: 1, terms, thresholds: [{ of: 'PII', atLeast: 990 }] });
    const forgotten = await upsert({ expectedVersion: 1 });
    expect([relaxed.userErrors[0]?.code, forgotten.userErrors[0]?.code]).toEqual([
      'APPROVAL_REQUIRED',
      'APPROVAL_REQUIRED',
    ]);
  });
});
