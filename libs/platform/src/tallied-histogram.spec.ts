import { describe, expect, it } from '@jest/globals';
import { Histogram, Registry } from 'prom-client';
import { TalliedHistogram } from './tallied-histogram.js';
import { lines, ofTwo } from './told.fixture.js';

const about = { name: 'some_seconds', help: 'Some.', labelNames: ['phase', 'kind'], buckets: [0.0001, 0.005, 1] };
const seen = [
  [{ phase: 'commit', kind: 'a' }, 0.0001],
  [{ kind: 'a', phase: 'commit' }, 0.3],
  [{ phase: 'commit', kind: 'b' }, 7],
  [{ phase: 'decide', kind: '' }, 0],
] as const;

function both(): { readonly library: Registry; readonly own: Registry } {
  const [library, own] = [new Registry(), new Registry()];
  const theirs = new Histogram({ ...about, registers: [library] });
  const ours = new TalliedHistogram({ ...about, registers: [own] });
  for (const [labels, value] of seen) {
    theirs.observe(labels, value);
    ours.tally(labels, value);
  }
  return { library, own };
}

describe('a tallied histogram', () => {
  it("tells Prometheus what the library's own would", async () => {
    const { library, own } = both();
    expect(lines(await own.metrics())).toEqual(lines(await library.metrics()));
  });

  it("is summed over processes as the library's own is", async () => {
    const { library, own } = both();
    expect(lines(await ofTwo(own))).toEqual(lines(await ofTwo(library)));
  });

  it('takes no value that is no number', () => {
    const ours = new TalliedHistogram({ ...about, registers: [] });
    expect(() => ours.tally({ phase: 'commit', kind: '' }, Number.NaN)).toThrow(TypeError);
  });
});
