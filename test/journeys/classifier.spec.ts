import { afterAll, describe, expect, it } from '@jest/globals';
import { createClassifier } from '@writ/gateway';
import { limits } from '@writ/domain';
import { systemClock } from '@writ/platform';
import { House, anAsk } from '../support/house.js';

const house = new House();
const alone = { areSeveral: () => false };
const classifier = createClassifier(systemClock, alone);

afterAll(async () => {
  await classifier.close();
});

describe('the classifier of the gateway', () => {
  const secret = 'Use AKIAQ3EGVWLZ7JTBN4XM to list the buckets.';
  const long = `${'Some ordinary words of a long report. '.repeat(limits.classificationInlineCharacters / 30)}${secret}`;

  it('H7: finds on a worker thread, at the end of a long input, what it finds in a short one', async () => {
    const [short, far] = [
      await classifier.classify(anAsk(house, secret), house.held),
      await classifier.classify(anAsk(house, long), house.held),
    ];
    expect(far.complete).toBe(true);
    expect(far.classes['SECRET']).toBe(short.classes['SECRET']);
    expect(far.findings.at(-1)?.valueDigest).toBe(short.findings.at(-1)?.valueDigest);
  });

  it('C7: an input that no thread could take is incomplete, which policy denies', async () => {
    const closed = createClassifier(systemClock, alone);
    await closed.classify(anAsk(house, long), house.held);
    await closed.close();
    const another = `Another report. ${long}`;
    expect(await closed.classify(anAsk(house, another), house.held)).toMatchObject({ complete: false });
  });

  it('recalls a long input that it read before, without any thread', async () => {
    const closed = createClassifier(systemClock, alone);
    const first = await closed.classify(anAsk(house, long), house.held);
    await closed.close();
    expect(await closed.classify(anAsk(house, long), house.held)).toEqual(first);
  });

  it('reads long words of an answer on a thread as it reads them where they leave', async () => {
    const read = await classifier.readAnswer(long, house.held, limits.answerEventMs * 10);
    expect(read).toMatchObject({ ok: true, value: { incomplete: [] } });
    expect(read.ok && read.value.candidates.map(({ type, end }) => [type, end <= long.length])).toEqual([
      ['AWS_ACCESS_KEY', true],
    ]);
  });

  it('tries a taxonomy on a thread of its own, and says busy where none is on trial', async () => {
    const ask = anAsk(house, 'the blue heron plan');
    expect(await classifier.tryTaxonomy(ask, house.held)).toEqual({ state: 'busy' });
    const terms = [{ class: 'INTERNAL', term: 'blue heron' }];
    const shadowTaxonomy = { source: { version: 'trial', terms, patterns: [], thresholds: {} }, perMille: 1_000 };
    const held = { ...house.held, snapshot: { ...house.held.snapshot, shadowTaxonomy } };
    expect(await classifier.tryTaxonomy(ask, held)).toMatchObject({
      state: 'read',
      classification: { complete: true, classes: { INTERNAL: 1_000 } },
    });
  });
});
