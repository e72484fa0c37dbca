import { describe, expect, it } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { TalliedCounter } from './tallied-counter.js';
import { lines, ofTwo } from './told.fixture.js';

const about = { name: 'some_total', help: 'Some.', labelNames: ['kind', 'result'] };
const counted = [
  [{ kind: 'a', result: 'ok' }, 1],
  [{ result: 'ok', kind: 'a' }, 3],
  [{ kind: 'b', result: '' }, 0],
] as const;

function both(): { readonly library: Registry; readonly own: Registry; readonly again: () => void } {
  const [library, own] = [new Registry(), new Registry()];
  const theirs = new Counter({ ...about, registers: [library] });
  const ours = new TalliedCounter({ ...about, registers: [own] });
  const again = (): void => {
    for (const [labels, count] of counted) {
      theirs.inc(labels, count);
      ours.tally(labels, count);
    }
  };
  again();
  return { library, own, again };
}

describe('a tallied counter', () => {
  it("tells Prometheus what the library's own would, each time it is asked", async () => {
    const { library, own, again } = both();
    expect(lines(await own.metrics())).toEqual(lines(await library.metrics()));
    again();
    expect(lines(await own.metrics())).toEqual(lines(await library.metrics()));
    expect(lines(await own.metrics())).toEqual(lines(await library.metrics()));
  });

  it("is summed over processes as the library's own is", async () => {
    const { library, own } = both();
    expect(lines(await ofTwo(own))).toEqual(lines(await ofTwo(library)));
  });

  it('says nothing was counted where it has no labels, and takes no count that is none', async () => {
    const register = new Registry();
    const ours = new TalliedCounter({ name: 'plain_total', help: 'Plain.', registers: [register] });
    expect(await register.metrics()).toContain('plain_total 0');
    expect(() => ours.tally({}, -1)).toThrow(TypeError);
    expect(() => ours.tally({}, Number.NaN)).toThrow(TypeError);
  });
});
