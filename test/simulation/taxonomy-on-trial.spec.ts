import { describe, expect, it } from '@jest/globals';
import { classify, loadTaxonomy, type Tried } from '@writ/classification';
import { limits, type TaxonomySource } from '@writ/domain';
import type { Held } from '@writ/enforcement';
import { aSnapshot, must, tenantA } from '../support/builders.js';
import { CallerTwin, type Seen } from '../support/caller-twin.js';
import { House, anAsk } from '../support/house.js';
import { payloadOf } from '../support/invariants.js';

const candidate: TaxonomySource = {
  version: 'trial-1',
  terms: [{ class: 'INTERNAL', term: 'blue heron' }],
  patterns: [],
  thresholds: {},
};

/** A house whose tenant tries `candidate` on so many of a thousand requests. */
function trying(perMille: number, more: Partial<Parameters<typeof aSnapshot>[0]> = {}): House {
  return new House({ snapshot: { ...aSnapshot(more), shadowTaxonomy: { source: candidate, perMille } } });
}

/** The port's trial answers as `read` does. */
function by(house: House, read: (ask: Parameters<House['enforce']>[0], held: Held) => Promise<Tried>): House {
  Object.assign(house.ports, { classifier: { ...house.ports.classifier, tryTaxonomy: read } });
  return house;
}

/** Reads by the candidate, as a thread would. */
const read = (source: TaxonomySource) => {
  const taxonomy = must(loadTaxonomy(source));
  return async ({ leaves, attachments }: Parameters<House['enforce']>[0], { digestKey }: Held): Promise<Tried> => ({
    state: 'read',
    classification: classify(leaves, taxonomy, { digestKey, attachments, expired: () => false }),
  });
};

async function ask(house: House, text = 'the blue heron plan'): Promise<Seen> {
  let seen: Seen | undefined;
  void new CallerTwin(house).ask(anAsk(house, text)).then((one) => (seen = one));
  await house.clock.run(() => seen !== undefined);
  if (!seen) throw new Error('the request did not end');
  return seen;
}

const decisionsOf = (house: House): readonly Record<string, unknown>[] =>
  (house.store.leaves.get(tenantA) ?? []).filter(({ kind }) => kind === 'decision').map(payloadOf);

const answers = ({ writes }: Seen): readonly string[] => writes.map((bytes) => Buffer.from(bytes).toString());

describe('a taxonomy on trial', () => {
  it('is recorded beside what the live one found, in classes and counts, and changes nothing', async () => {
    const plain = await ask(new House());
    const house = by(trying(1_000), read(candidate));
    const seen = await ask(house);
    expect([seen.complete, answers(seen)]).toEqual([true, answers(plain)]);
    const [decision] = decisionsOf(house);
    expect(decision?.['shadowTaxonomy']).toMatchObject({
      version: 'trial-1',
      state: 'read',
      gained: ['INTERNAL'],
      gone: [],
      added: { INTERNAL: 1 },
      removed: {},
      effect: 'permit',
      changes: [],
    });
    expect(JSON.stringify(decision?.['classification'])).not.toContain('INTERNAL');
    expect(JSON.stringify(decision?.['shadowTaxonomy'])).not.toContain('heron');
  });

  it('that finds less shows what it would have let through, and the live one denies all the same', async () => {
    const secret = 'Use AKIAQ3EGVWLZ7JTBN4XM to list the buckets.';
    const blind: TaxonomySource = { version: 'trial-2', terms: [], patterns: [], thresholds: { SECRET: 1_000 } };
    const house = by(trying(1_000), read(blind));
    const live = await ask(new House(), secret);
    const seen = await ask(house, secret);
    expect(seen.refusal).toEqual(live.refusal);
    expect(house.providers.arrivals.length).toBe(live.refusal === undefined ? 1 : 0);
    expect(decisionsOf(house)[0]?.['shadowTaxonomy']).toMatchObject({ gone: ['SECRET'], removed: { SECRET: 1 } });
  });

  it('that throws is recorded as failed, and the request goes its way', async () => {
    for (const failing of [
      () => Promise.reject(new Error('a bug')),
      () => {
        throw new Error('a bug of another kind');
      },
      () => Promise.resolve({ state: 'read', classification: { incompleteBecause: [] } } as unknown as Tried),
    ]) {
      const house = by(trying(1_000), failing);
      expect((await ask(house)).complete).toBe(true);
      expect(decisionsOf(house)[0]?.['shadowTaxonomy']).toEqual({ version: 'trial-1', state: 'failed' });
    }
  });

  it('that never answers is recorded as late after its bound, and the request goes its way', async () => {
    const house = by(trying(1_000), () => new Promise<never>(() => undefined));
    const seen = await ask(house);
    expect(seen.complete).toBe(true);
    const waited = seen.about?.phasesMs?.['trial'];
    expect(waited).toBe(limits.trialWaitMs);
    expect(decisionsOf(house)[0]?.['shadowTaxonomy']).toEqual({ version: 'trial-1', state: 'late' });
  });

  it('that answers after the record was made changes nothing any more', async () => {
    const answer = Promise.withResolvers<Tried>();
    const house = by(trying(1_000), () => answer.promise);
    expect((await ask(house)).complete).toBe(true);
    answer.resolve(await read(candidate)(anAsk(house, 'blue heron'), house.held));
    await house.clock.run(() => false);
    expect(decisionsOf(house).map((each) => each['shadowTaxonomy'])).toEqual([{ version: 'trial-1', state: 'late' }]);
  });

  it.each(['busy', 'damaged', 'late'] as const)('that is %s says so in the record', async (state) => {
    const house = by(trying(1_000), () => Promise.resolve({ state }));
    expect((await ask(house)).complete).toBe(true);
    expect(decisionsOf(house)[0]?.['shadowTaxonomy']).toEqual({ version: 'trial-1', state });
  });

  it('is tried on as many of a thousand requests as the tenant wants', async () => {
    const house = by(trying(250), read(candidate));
    for (let at = 0; at < 200; at += 1)
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await ask(house);
    const tried = decisionsOf(house).filter((each) => each['shadowTaxonomy'] !== undefined);
    expect(tried.length).toBeGreaterThan(25);
    expect(tried.length).toBeLessThan(75);
  });

  it.each([null, { perMille: 1_000 }, { perMille: 1_000, source: null }, { perMille: 'all', source: candidate }])(
    'that is no taxonomy at all, %j, changes nothing',
    async (shadowTaxonomy) => {
      const snapshot = { ...aSnapshot(), shadowTaxonomy } as unknown as ReturnType<typeof aSnapshot>;
      const house = by(new House({ snapshot }), () => Promise.resolve({ state: 'damaged' }));
      expect((await ask(house)).complete).toBe(true);
      expect(house.bugs).toEqual([]);
    },
  );

  it('is not asked for, and not recorded, where none is on trial', async () => {
    let asked = 0;
    const house = by(new House(), () => {
      asked += 1;
      return Promise.resolve({ state: 'busy' });
    });
    await ask(house);
    expect([asked, decisionsOf(house)[0]?.['shadowTaxonomy']]).toEqual([0, undefined]);
  });
});
