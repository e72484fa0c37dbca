import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RequestId, type TenantContext, parseRequestId } from '@writ/domain';
import { type NewReview, type PlanePool, type ReviewBoard, reviewBoard, withTenant } from '@writ/postgres';
import { type TestDatabase, startDatabase } from './database.js';
import { eventually } from './eventually.js';

let database: TestDatabase;
let worker: PlanePool;
let boards: readonly [ReviewBoard, ReviewBoard];
let tenant: TenantContext;
const problems: string[] = [];

beforeAll(async () => {
  database = await startDatabase();
  worker = database.plane('writ_worker', 2);
  const board = (): ReviewBoard => reviewBoard(database.plane('writ_gateway', 2), (what) => problems.push(what));
  boards = [board(), board()];
  tenant = await database.tenant();
});
afterAll(async () => {
  await Promise.all(boards.map((board) => board.close()));
  await database.close();
});

function aReview(more: Partial<NewReview> = {}): NewReview {
  const id = randomUUID();
  const request = parseRequestId('0198a000-0000-7000-8000-000000000001') as { readonly value: RequestId };
  const base = { request: request.value, token: 't', sealed: 's', needsTwo: false, hasModel: true, livesMs: 60_000 };
  return { ...base, id, keys: [id], asked: { PII: 900 }, ...more };
}

function settle(id: string, state: string, by = 'model', verdict: object = {}, as = tenant): Promise<boolean> {
  const text = 'SELECT control.settle_review($1, $2, $3, $4, $5, $6) AS settled';
  return withTenant(worker, as, async ({ query }) => {
    const values = [as.tenant, id, state, JSON.stringify(verdict), by, null];
    return (await query<{ settled: boolean }>(text, values))[0]?.settled === true;
  });
}

describe('a review', () => {
  it('is stored together with the job that asks the model, and is pending on every gateway at once or soon', async () => {
    const review = aReview();
    await boards[0].ask(tenant.tenant, review);
    expect(await boards[0].of(tenant.tenant, review.keys)).toMatchObject([{ state: 'pending' }]);
    await eventually(async () =>
      expect(await boards[1].of(tenant.tenant, review.keys)).toMatchObject([{ state: 'pending' }]),
    );
    const jobs = await withTenant(worker, tenant, ({ query }) =>
      query('SELECT queue FROM control.work WHERE id = $1', [review.id]),
    );
    expect(jobs).toEqual([{ queue: 'review' }]);
  });

  it('reaches every gateway within two seconds once it is settled, and whoever waits for it', async () => {
    const review = aReview();
    await boards[0].ask(tenant.tenant, review);
    const waited = boards[0].settled(review.id, new AbortController().signal);
    await settle(review.id, 'confirmed', 'model', { PHI: 940 });
    const from = performance.now();
    const confirmed = { state: 'confirmed', verdict: { PHI: 940 } };
    expect(await waited).toMatchObject(confirmed);
    await eventually(async () => expect(await boards[1].of(tenant.tenant, review.keys)).toMatchObject([confirmed]));
    expect(performance.now() - from).toBeLessThan(2_000);
  });

  it('is tightened and never loosened, by whomever', async () => {
    const review = aReview();
    await boards[0].ask(tenant.tenant, review);
    expect(await settle(review.id, 'clear')).toBe(true);
    expect(await settle(review.id, 'failed')).toBe(false);
    expect(await settle(review.id, 'confirmed', 'person-a', { PII: 1_000 })).toBe(true);
    expect(await settle(review.id, 'clear', 'person-b')).toBe(false);
    await eventually(async () =>
      expect(await boards[1].of(tenant.tenant, review.keys)).toMatchObject([{ state: 'confirmed' }]),
    );
  });

  it('that needs two people is clear only when two different ones said so', async () => {
    const review = aReview({ needsTwo: true });
    await boards[0].ask(tenant.tenant, review);
    const state = async () =>
      (
        await withTenant(worker, tenant, ({ query }) =>
          query<{ state: string }>('SELECT state FROM control.review WHERE id = $1', [review.id]),
        )
      )[0]?.state;
    await settle(review.id, 'clear', 'model');
    await settle(review.id, 'clear', 'person-a');
    expect(await settle(review.id, 'clear', 'person-a')).toBe(false);
    expect(await state()).toBe('pending');
    expect(await settle(review.id, 'clear', 'person-b')).toBe(true);
    expect(await state()).toBe('clear');
  });

  it('of another tenant is unknown, to its gateways and to whoever would settle it', async () => {
    const other = await database.tenant();
    const review = aReview();
    await boards[0].ask(tenant.tenant, review);
    expect(await boards[0].of(other.tenant, review.keys)).toEqual([]);
    expect(await settle(review.id, 'confirmed', 'model', {}, other)).toBe(false);
  });
});
