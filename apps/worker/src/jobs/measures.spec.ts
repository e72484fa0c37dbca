import { describe, expect, it } from '@jest/globals';
import { jobClasses } from './classes.js';
import { jobMeasures } from './measures.js';

describe('the measures of jobs', () => {
  it('tell depth, age, failures and dead letters of each class', async () => {
    const measures = jobMeasures();
    measures.depths([{ queue: 'deliver', waiting: 3, inFlight: 2, dead: 1, oldestMs: 4_000 }]);
    measures.result('deliver', 'failed', 20);
    measures.reconciled('deliver', 5);
    const text = await measures.text();
    expect(text).toContain('writ_jobs_waiting{queue="deliver"} 3');
    expect(text).toContain('writ_jobs_in_flight{queue="deliver"} 2');
    expect(text).toContain('writ_jobs_dead{queue="deliver"} 1');
    expect(text).toContain('writ_jobs_oldest_seconds{queue="deliver"} 4');
    expect(text).toContain('writ_jobs_total{queue="deliver",result="failed"} 1');
    expect(text).toContain('writ_jobs_refed_total{queue="deliver"} 5');
  });

  it('tell every class from the first look on, and nothing of one that has run empty', async () => {
    const measures = jobMeasures();
    measures.depths([{ queue: 'deliver', waiting: 3, inFlight: 2, dead: 1, oldestMs: 4_000 }]);
    measures.depths([]);
    const text = await measures.text();
    for (const { queue } of Object.values(jobClasses))
      for (const name of ['waiting', 'in_flight', 'dead', 'oldest_seconds'])
        expect(text).toContain(`writ_jobs_${name}{queue="${queue}"} 0`);
  });
});
