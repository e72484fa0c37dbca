import { describe, expect, it } from '@jest/globals';
import type { Ask } from '@writ/domain';
import { readClassificationToken } from '@writ/classification';
import { aSnapshot, tenantA } from '../support/builders.js';
import { CallerTwin, type Seen } from '../support/caller-twin.js';
import { House, anAsk, goodCredential } from '../support/house.js';
import { payloadOf } from '../support/invariants.js';

const rules = (obligation: string, more = ''): string => `apiVersion: policy/v1
name: reviewed
classes: [PHI, PII]
rules:
  - { id: all, effect: permit, when: 'true', reason: All. }
  - { id: asks, effect: oblige, when: 'class("PII") >= 0.3', oblige: ${obligation} }
${more}`;
const waits = '{ require_review: [{ class: PHI, within_seconds: 30 }] }';
const afterwards = '{ review_within_hours: 24 }';
const denyConfirmed = `  - { id: binds, effect: deny, when: 'data.deep == "confirmed"', reason: A review confirmed it. }`;
const withMail = 'Write to maria.lopez@example.org about the visit.';

function aHouse(source: string): House {
  const snapshot = aSnapshot();
  return new House({ snapshot: { ...snapshot, policy: { ...snapshot.policy, source } } });
}

async function ask(house: House, text: string, more: Partial<Ask> = {}): Promise<Seen> {
  const caller = new CallerTwin(house);
  let seen: Seen | undefined;
  void caller.ask(anAsk(house, text, more), goodCredential).then((done) => (seen = done));
  await house.clock.run(() => seen !== undefined);
  if (!seen) throw new Error('the caller was not answered');
  return seen;
}

const payloads = (house: House) => (house.store.leaves.get(tenantA) ?? []).map(payloadOf);

describe('a review that the policy demands', () => {
  it('is waited for: clear permits, and the decision is recorded after the verdict with both results', async () => {
    const house = aHouse(rules(waits));
    house.reviews.verdictOf = () => ({ PHI: 40, PII: 0 });
    expect((await ask(house, withMail)).complete).toBe(true);
    const [asked, decision] = payloads(house);
    expect(asked).toMatchObject({ name: 'review.asked', fields: { classes: ['PHI', 'PII'] } });
    expect(decision).toMatchObject({ effect: 'permit', reviewed: { state: 'clear', classes: {} } });
    expect(decision?.['classification']).toMatchObject({ classes: { PII: expect.any(Number) } });
  });

  it('denies when it confirms the class, and no model was called', async () => {
    const house = aHouse(rules(waits));
    house.reviews.verdictOf = () => ({ PHI: 940, PII: 0 });
    expect(await ask(house, withMail)).toMatchObject({
      refusal: { code: 'policy-denied', detail: 'review-confirmed' },
    });
    expect(payloads(house).at(-1)).toMatchObject({
      effect: 'deny',
      reviewed: { state: 'confirmed', classes: { PHI: 940 } },
    });
    expect(house.providers.arrivals).toEqual([]);
  });

  it('raises a class for the rules, so that a confirmed one meets what the policy says of it', async () => {
    const only = `  - { id: phi, effect: deny, when: 'class("PHI") >= 0.9', reason: PHI stays. }`;
    const house = aHouse(rules(waits, only));
    house.reviews.verdictOf = () => ({ PHI: 940, PII: 0 });
    const refused = await ask(house, withMail);
    expect(refused).toMatchObject({
      refusal: { code: 'policy-denied', message: expect.stringContaining('PHI stays.') },
    });
  });

  it('never loosens: a class that the inline pass found counts whatever the review says', async () => {
    const strict = `  - { id: pii, effect: deny, when: 'data.deep == "clear" && class("PII") >= 0.3', reason: Still PII. }`;
    const house = aHouse(rules(waits, strict));
    house.reviews.verdictOf = () => ({ PHI: 0, PII: 0 });
    expect(await ask(house, withMail)).toMatchObject({ refusal: { message: expect.stringContaining('Still PII.') } });
  });

  it('denies when it is not there in time, when it failed, and when it cannot be asked for', async () => {
    const late = aHouse(rules(waits));
    expect(await ask(late, withMail)).toMatchObject({ refusal: { detail: 'review-timeout' } });
    expect(payloads(late).at(-1)).toMatchObject({ effect: 'deny' });
    const failed = aHouse(rules(waits));
    failed.reviews.verdictOf = () => 'failed';
    expect(await ask(failed, withMail)).toMatchObject({ refusal: { detail: 'review-failed' } });
    const out = aHouse(rules(waits));
    out.reviews.refuses = 'ledger-unavailable';
    expect(await ask(out, withMail)).toMatchObject({ refusal: { code: 'ledger-unavailable' } });
    for (const house of [late, failed, out]) expect(house.providers.arrivals).toEqual([]);
  });

  it('sees tokens instead of values, under a token that only this tenant can have issued', async () => {
    const house = aHouse(rules(waits));
    house.reviews.verdictOf = () => ({ PHI: 0, PII: 0 });
    await ask(house, withMail);
    const [review] = house.reviews.asked;
    expect(review?.text).not.toContain('maria.lopez');
    const claims = readClassificationToken(review?.token ?? '', house.held.digestKey, house.clock.nowMs());
    expect(claims).toMatchObject({ ok: true, value: { id: review?.id, state: 'pending' } });
  });

  it.each([
    ['two people', `{ require_review: [{ class: PHI, within_seconds: 30 }], review_by: 2 }`, 2],
    ['nobody in particular', waits, 0],
  ])('goes to %s where the policy says so', async (_who, obligation, people) => {
    const house = aHouse(rules(obligation));
    house.reviews.verdictOf = () => ({ PHI: 0, PII: 0 });
    await ask(house, withMail);
    expect(house.reviews.asked).toMatchObject([{ people }]);
  });

  it('is not asked for where no rule demands one', async () => {
    const house = aHouse(rules(waits));
    await ask(house, 'Hello');
    expect(house.reviews.asked).toEqual([]);
  });
});

describe('a review that follows', () => {
  it('admits now and binds the next request of the conversation', async () => {
    const house = aHouse(rules(afterwards, denyConfirmed));
    expect((await ask(house, withMail, { conversation: 'c1' })).complete).toBe(true);
    const conversation = house.reviews.asked[0]?.keys[0] ?? '';
    expect((await ask(house, 'And then?', { conversation: 'c1' })).complete).toBe(true);
    expect(payloads(house).at(-2)).toMatchObject({ reviewed: { state: 'pending' } });
    house.reviews.conversations.set(conversation, { state: 'confirmed', classes: { PHI: 940 } });
    expect(await ask(house, 'And then?', { conversation: 'c1' })).toMatchObject({
      refusal: { message: expect.stringContaining('A review confirmed it.') },
    });
    expect((await ask(house, 'And then?', { conversation: 'c2' })).complete).toBe(true);
  });

  it('refuses a conversation whose reviews cannot be known', async () => {
    const house = aHouse(rules(afterwards));
    house.reviews.refuses = 'snapshot-stale';
    expect(await ask(house, 'Hello', { conversation: 'c1' })).toMatchObject({ refusal: { code: 'snapshot-stale' } });
    expect(house.providers.arrivals).toEqual([]);
  });
});
