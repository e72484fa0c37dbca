import { describe, expect, it } from '@jest/globals';
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
});
