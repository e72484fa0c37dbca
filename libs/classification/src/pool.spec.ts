import { afterAll, describe, expect, it } from '@jest/globals';
import { ClassifierPool, type PoolJob } from './pool.js';
import { planClassification } from './classify.js';
import { aLeaf, aTaxonomy, key } from './testing/samples.js';

const pool = new ClassifierPool(1);
afterAll(() => pool.close());

function aJob(text: string, more: Partial<PoolJob> = {}): PoolJob {
  const source = { version: 'pool-1', terms: [], patterns: [], thresholds: {} };
  const plan = planClassification([aLeaf(text)], aTaxonomy(), { digestKey: key, attachments: [] });
  return { plan, taxonomy: aTaxonomy(), source, digestKey: key, budgetMs: 5_000, ...more };
}

describe('the pool of workers', () => {
  it('classifies as the main thread does', async () => {
    const found = await pool.classify(aJob('mail bob@acme.com'));
    expect(found.complete).toBe(true);
    expect(found.findings.map((each) => each.type)).toEqual(['EMAIL']);
  });

  it('answers incomplete when the time is spent, and works on', async () => {
    const late = await pool.classify(aJob('John Smith of Berlin. '.repeat(60_000), { budgetMs: 1 }));
    expect(late.complete).toBe(false);
    expect((await pool.classify(aJob('mail bob@acme.com'))).complete).toBe(true);
  });

  it('answers incomplete when a taxonomy does not load', async () => {
    const source = { version: 'bad', terms: [], patterns: [{ class: 'X', name: 'BAD', pattern: '(' }], thresholds: {} };
    const found = await pool.classify(aJob('hello', { source }));
    expect(found.incompleteBecause).toEqual(['detector:failed']);
  });

  it('reads words of an answer as they are read where they leave, and says how long it was at it', async () => {
    const source = { version: 'pool-1', terms: [], patterns: [], thresholds: {} };
    const read = await pool.readAnswer({ text: 'mail bob@acme.com', source, digestKey: key, budgetMs: 5_000 });
    expect(read).toMatchObject({ ok: true, value: { candidates: [{ type: 'EMAIL', start: 5 }], incomplete: [] } });
    expect(read.ok && read.value.spentMs).toBeGreaterThanOrEqual(0);
    const late = await pool.readAnswer({ text: 'a '.repeat(200_000), source, digestKey: key, budgetMs: 0 });
    expect(late.ok ? late.value.incomplete : [late.error]).toContain('budget:time');
  });
});

describe('a pool that is closed', () => {
  it('leaves nobody waiting, and reads nothing any more', async () => {
    const closing = new ClassifierPool(1);
    const begun = closing.classify(aJob('John Smith of Berlin. '.repeat(5_000)));
    const waiting = closing.classify(aJob('mail bob@acme.com'));
    await closing.close();
    const after = closing.classify(aJob('mail bob@acme.com'));
    for (const found of await Promise.all([begun, waiting, after]))
      expect(found.incompleteBecause).toEqual(['budget:workers']);
  });
});
