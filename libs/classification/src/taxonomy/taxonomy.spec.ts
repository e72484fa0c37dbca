import { describe, expect, it } from '@jest/globals';
import { bundleOf, loadTaxonomy, loadTaxonomyInSlices, type Taxonomy } from './taxonomy.js';
import { classified } from '../testing/samples.js';
import type { Result, TaxonomySource } from '@writ/domain';

const source: TaxonomySource = {
  version: 'tenant-7',
  terms: Array.from({ length: 10_000 }, (_, at) => ({ class: 'INTERNAL', term: `codename ${at.toString(36)} falcon` })),
  patterns: [{ class: 'INTERNAL', name: 'TICKET', pattern: '[A-Z]{3}-\\d{5}' }],
  thresholds: { PHONE: 700 },
};

function loaded(result: Result<Taxonomy, readonly string[]>): Taxonomy {
  if (!result.ok) throw new Error(result.error.join('; '));
  return result.value;
}

describe('a taxonomy compiled in slices', () => {
  it('is the one that is compiled at once, and lets others run between its slices', async () => {
    let pauses = 0;
    const sliced = loaded(
      await loadTaxonomyInSlices(source, () => {
        pauses += 1;
        return Promise.resolve();
      }),
    );
    const whole = loaded(loadTaxonomy(source));
    expect(pauses).toBeGreaterThanOrEqual(10);
    expect(bundleOf(sliced).hash).toBe(bundleOf(whole).hash);
    const text = 'Codename 7A falcon is late, see ABC-12345.';
    const found = classified(text, 'user', sliced).findings;
    expect(found).toEqual(classified(text, 'user', whole).findings);
    expect(found.map(({ type }) => type)).toEqual(['TENANT_TERM', 'TICKET']);
  });

  it('tells every problem as the other does', async () => {
    const wrong: TaxonomySource = { ...source, terms: [{ class: '9', term: '' }], thresholds: { PHONE: 2_000 } };
    const sliced = await loadTaxonomyInSlices(wrong, () => Promise.resolve());
    expect(sliced).toEqual(loadTaxonomy(wrong));
    expect(sliced.ok).toBe(false);
  });
});
