import { afterAll, describe, expect, it } from '@jest/globals';
import type { TaxonomySource } from '@writ/domain';
import { TaxonomyTrials, type TrialJob } from './taxonomy-trial.js';
import { aLeaf, key } from './testing/samples.js';

const source: TaxonomySource = {
  version: 'trial',
  terms: [{ class: 'INTERNAL', term: 'blue heron' }],
  patterns: [],
  thresholds: {},
};

function aJob(text: string, more: Partial<TrialJob> = {}): TrialJob {
  return { tenant: 'a', leaves: [aLeaf(text)], attachments: [], source, digestKey: key, ...more };
}

const room = { perMille: 100, burstMs: 60_000, waiting: 2, budgetMs: 30_000, characters: 100_000 };
const trials = new TaxonomyTrials(() => 0, room);
afterAll(() => trials.close());

describe('taxonomies on trial', () => {
  it('read what the live one would read, by the candidate', async () => {
    const tried = await trials.read(aJob('the blue heron plan of bob@acme.com'));
    expect(tried.state === 'read' && tried.classification.findings.map((each) => each.type)).toEqual([
      'TENANT_TERM',
      'EMAIL',
    ]);
    expect(tried.state === 'read' && tried.classification.taxonomyVersion).toBe('trial');
  });

  it('say damaged of a candidate that does not load, and of what is no candidate at all', async () => {
    const broken = { ...source, patterns: [{ class: 'X', name: 'BROKEN', pattern: '(' }] };
    expect(await trials.read(aJob('hello', { source: broken }))).toEqual({ state: 'damaged' });
    const nothing = { version: 'nothing' } as TaxonomySource;
    expect(await trials.read(aJob('hello', { source: nothing }))).toEqual({ state: 'damaged' });
    expect((await trials.read(aJob('hello'))).state).toBe('read');
  });

  it('say late when the time of one is spent', async () => {
    const hasty = new TaxonomyTrials(() => 0, { ...room, budgetMs: 0 });
    expect(await hasty.read(aJob('John Smith of Berlin. '.repeat(2_000)))).toEqual({ state: 'late' });
    await hasty.close();
  });

  it('say late of a request that is too long to be tried, without sending it', async () => {
    expect(await trials.read(aJob('a '.repeat(60_000)))).toEqual({ state: 'late' });
  });

  it('are dropped, and say so, when too many wait', async () => {
    const tried = await Promise.all(Array.from({ length: 6 }, () => trials.read(aJob('hello'))));
    expect(tried.map(({ state }) => state)).toEqual(['read', 'read', 'read', 'busy', 'busy', 'busy']);
  });

  it('are dropped when their share of a core is spent, until it has grown again', async () => {
    let nowMs = 0;
    const frugal = new TaxonomyTrials(() => nowMs, { ...room, burstMs: 0.001 });
    expect((await frugal.read(aJob('John Smith of Berlin. '.repeat(500)))).state).toBe('read');
    expect(await frugal.read(aJob('hello'))).toEqual({ state: 'busy' });
    nowMs = 3_600_000;
    expect((await frugal.read(aJob('hello'))).state).toBe('read');
    await frugal.close();
    expect(await frugal.read(aJob('hello'))).toEqual({ state: 'busy' });
  });

  it('that cannot be sent to a thread are failed, and the next is read', async () => {
    const odd = { ...aLeaf('hello'), text: (() => 'no text') as unknown as string };
    expect(await trials.read(aJob('', { leaves: [odd] }))).toEqual({ state: 'failed' });
    expect((await trials.read(aJob('hello'))).state).toBe('read');
  });
});
