import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sealText } from '@writ/platform';
import { type House, openHouse } from './house.js';
import { type Federated, type UserError, change, done, federate } from './steps.js';

let house: House;
let tenant: Federated;
let uuid: string;
beforeAll(async () => {
  house = await openHouse();
  tenant = await federate(house, 'jobs');
  const { rows } = await house.admin.query<{ id: string }>('SELECT id FROM control.tenant LIMIT 1');
  uuid = rows[0]?.id ?? '';
});
afterAll(() => house?.close());

/** A job that was given up, as five failures would leave it. */
async function aDeadJob(): Promise<string> {
  const id = randomUUID();
  const client = await house.admin.connect();
  try {
    await client.query(`SELECT set_config('app.tenant', $1, false)`, [uuid]);
    await client.query(`SELECT control.enqueue($1, $2, 'deliver', '{}', 0, 1)`, [uuid, id]);
    await client.query(`SELECT control.give_up_work($1, $2, 'the receiver answered 500')`, [uuid, id]);
  } finally {
    client.release(true);
  }
  return id;
}

interface JobNode {
  readonly id: string;
  readonly queue: string;
  readonly state: string;
  readonly failure: string | null;
}

async function jobs(state?: string): Promise<readonly JobNode[]> {
  const query =
    'query ($state: JobState) { jobs(first: 50, state: $state) { edges { node { id queue state failure } } } }';
  const { data } = await house.ask<{ jobs: { edges: { node: JobNode }[] } }>(query, { state }, tenant.owner);
  return data.jobs.edges.map(({ node }) => node);
}

describe('F28: a job that was given up', () => {
  it('is listed with its reason, and tried again when somebody says so', async () => {
    await aDeadJob();
    const [dead] = await jobs('DEAD');
    expect(dead).toMatchObject({ queue: 'deliver', state: 'DEAD', failure: 'the receiver answered 500' });
    await done(house, 'retryJob', { jobId: dead?.id }, 'job { id }', tenant.owner);
    expect(await jobs('DEAD')).toEqual([]);
    expect((await jobs()).find(({ id }) => id === dead?.id)).toMatchObject({ state: 'WAITING' });
  });

  it('is dismissed with a reason, once', async () => {
    await aDeadJob();
    const [dead] = await jobs('DEAD');
    await done(house, 'dismissJob', { jobId: dead?.id, reason: 'the receiver is gone' }, 'job { id }', tenant.owner);
    expect(await jobs('DEAD')).toEqual([]);
    const again = await house.ask<{ dismissJob: { userErrors: UserError[] } }>(
      'mutation ($input: DismissJobInput!) { dismissJob(input: $input) { userErrors { code } } }',
      { input: { jobId: dead?.id, reason: 'once more' } },
      tenant.owner,
    );
    expect(again.data.dismissJob.userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });
});

describe('a sink', () => {
  it('shows its signing key once, and a test is a job of its tenant', async () => {
    const input = { name: 'hooks', url: `${house.issuer.url}/hook` };
    const made = await done(house, 'createWebhook', input, 'sink { id } signingKey', tenant.owner);
    expect(made['signingKey']).toMatch(/^whsec_/);
    const { id } = made['sink'] as { id: string };
    await done(house, 'testSink', { sinkId: id }, 'sink { id }', tenant.owner);
    expect((await jobs()).filter(({ queue }) => queue === 'deliver').length).toBeGreaterThan(0);
    const rotated = await done(house, 'rotateSigningKey', { sinkId: id }, 'signingKey sink { version }', tenant.owner);
    expect(rotated['signingKey']).not.toBe(made['signingKey']);
    const { rows } = await house.admin.query<{ sealed: string }>('SELECT sealed FROM control.sink');
    expect(rows[0]?.sealed).not.toContain(String(rotated['signingKey']).slice(6));
  });

  it('is refused where its address is not public and the operators did not allow it', async () => {
    const answer = await house.ask<{ createWebhook: { userErrors: UserError[] } }>(
      'mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { userErrors { code field } } }',
      { input: { name: 'inside', url: 'https://10.0.0.1/hook' } },
      tenant.owner,
    );
    expect(answer.data.createWebhook.userErrors).toMatchObject([{ code: 'FORBIDDEN_TARGET', field: ['url'] }]);
  });
});

/** A review as a gateway asks for it: the text tokenised, and sealed under the tenant's key. */
async function aReview(needsTwo: boolean): Promise<void> {
  const id = randomUUID();
  const { rows } = await house.admin.query<{ wrapped_content_key: string }>(
    'SELECT wrapped_content_key FROM control.tenant',
  );
  const contentKey = await house.ports.kms.unwrap(`tenant/${uuid}/content`, rows[0]?.wrapped_content_key ?? '');
  const sealed = sealText(contentKey, `${uuid}|review|${id}`, '[user] Tell <EMAIL_1> about it.');
  const client = await house.admin.connect();
  await client.query(`SELECT set_config('app.tenant', $1, false)`, [uuid]);
  await client.query(`SELECT control.ask_review($1, $2, $3, '{}', 't', $4, '{"PHI":0}', $5, false, 600000)`, [
    uuid,
    id,
    randomUUID(),
    sealed,
    needsTwo,
  ]);
  client.release(true);
}

const verdictOn = (reviewId: string | undefined, confirmed: boolean, token: string) =>
  change(
    house,
    'decideReview',
    { reviewId, confirmed, reason: 'Read in full.' },
    'review { state firstPersonAgreed }',
    token,
  );

describe('a review by people', () => {
  it('is listed, taken with its tokenised text, and decided with a reason; what is confirmed stays', async () => {
    await done(house, 'setReview', { model: 'fast', expectedVersion: 0 }, 'settings { version }', tenant.owner);
    await aReview(false);
    const listed = await house.ask<{ reviews: { edges: { node: { id: string; state: string } }[] } }>(
      '{ reviews(first: 10) { edges { node { id state } } } }',
      {},
      tenant.owner,
    );
    const reviewId = listed.data.reviews.edges[0]?.node.id;
    const taken = await done(house, 'takeReview', { reviewId }, 'text review { isTaken }', tenant.owner);
    expect(taken['text']).toBe('[user] Tell <EMAIL_1> about it.');
    const decided = await done(
      house,
      'decideReview',
      { reviewId, confirmed: true, reason: 'It is about a patient.' },
      'review { state verdict { class score } }',
      tenant.owner,
    );
    expect(decided['review']).toMatchObject({ state: 'CONFIRMED', verdict: [{ class: 'PHI', score: 1_000 }] });
    const back = await house.ask<{ decideReview: { userErrors: UserError[] } }>(
      'mutation ($input: DecideReviewInput!) { decideReview(input: $input) { userErrors { code } } }',
      { input: { reviewId, confirmed: false, reason: 'It is not.' } },
      tenant.owner,
    );
    expect(back.data.decideReview.userErrors).toMatchObject([{ code: 'CONFLICT' }]);
  });

  it('for which the policy wants two is clear only when a second person agrees, whoever took it', async () => {
    await aReview(true);
    const listed = await house.ask<{
      reviews: { edges: { node: { id: string; state: string; needsTwoPeople: boolean } }[] };
    }>('{ reviews(first: 10) { edges { node { id state needsTwoPeople } } } }', {}, tenant.owner);
    const review = listed.data.reviews.edges.map(({ node }) => node).find(({ state }) => state === 'PENDING');
    expect(review?.needsTwoPeople).toBe(true);
    const first = await verdictOn(review?.id, false, tenant.owner);
    expect(first['review']).toEqual({ state: 'PENDING', firstPersonAgreed: true });
    expect((await verdictOn(review?.id, false, tenant.owner)).userErrors).toMatchObject([
      { code: 'SECOND_PERSON_REQUIRED' },
    ]);
    const second = await house.issuer.token({ sub: 'grace', org_id: 'jobs', groups: ['it-admins'] });
    expect((await verdictOn(review?.id, false, second))['review']).toMatchObject({ state: 'CLEAR' });
  });
});
