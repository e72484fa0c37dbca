import { describe, expect, it } from '@jest/globals';
import type { Counter } from './counter.js';
import { KnownFull } from './known-full.js';

const counter = (id: string): Counter => ({
  rule: { id, scope: 'tenant' },
  name: id,
  requests: 10,
  tokens: 1_000,
  concurrency: 5,
  json: `"${id}",10,1000,5`,
});

function room() {
  let now = 1_000;
  const known = new KnownFull(() => now);
  const [one, other] = [counter('one'), counter('other')];
  return { known, one, other, pass: (ms: number) => (now += ms) };
}
const noTokens = (): never => {
  throw new Error('tokens were not asked for');
};

describe('what is known of full counters', () => {
  it('stands for requests until the counter said, and not a millisecond longer', () => {
    const { known, one, other, pass } = room();
    known.learn({ counter: one, what: 'requests', tokens: 7, untilMs: 1_500 });
    pass(499);
    expect(known.among([other, one], noTokens)).toMatchObject({ counter: one, what: 'requests' });
    expect(known.among([other], noTokens)).toBeUndefined();
    pass(1);
    expect(known.among([one], noTokens)).toBeUndefined();
  });

  it('stands for tokens where as many or more are needed, and never where nobody knows how many', () => {
    const { known, one } = room();
    known.learn({ counter: one, what: 'tokens', tokens: 100, untilMs: 9_000 });
    expect(known.among([one], () => 100)?.what).toBe('tokens');
    expect(known.among([one], () => 99)).toBeUndefined();
    expect(known.among([one], () => undefined)).toBeUndefined();
  });

  it('is forgotten when tokens are given back, while requests are given back by time alone', () => {
    const { known, one, other } = room();
    known.learn({ counter: one, what: 'tokens', tokens: 100, untilMs: 9_000 });
    known.learn({ counter: other, what: 'requests', tokens: 100, untilMs: 9_000 });
    known.forgetTokens([one, other]);
    expect(known.among([one], () => 100)).toBeUndefined();
    expect(known.among([other], noTokens)?.what).toBe('requests');
  });

  it('is nothing for slots, which come free at any moment', () => {
    const { known, one } = room();
    known.learn({ counter: one, what: 'concurrency', tokens: 1, untilMs: 9_000 });
    expect(known.among([one], noTokens)).toBeUndefined();
  });
});
