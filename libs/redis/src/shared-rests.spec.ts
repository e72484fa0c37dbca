import { describe, expect, it } from '@jest/globals';
import { readRest } from './shared-rests.js';

const rest = { endpoint: 't/openai', key: 'k1', why: 'cooldown', untilMs: 2_000 };

describe('a rest heard from another process', () => {
  it('is taken as it is, and never for longer than a quarter of an hour', () => {
    expect(readRest(JSON.stringify(rest), 1_000)).toEqual(rest);
    expect(readRest(JSON.stringify({ ...rest, untilMs: 1e15 }), 1_000)?.untilMs).toBe(901_000);
    expect(readRest(JSON.stringify({ ...rest, key: undefined }), 1_000)).toMatchObject({ key: undefined });
  });

  it.each(['', 'null', '[]', '{', '7'])('is nothing when it is %j', (text) => {
    expect(readRest(text, 1_000)).toBeUndefined();
  });

  it.each([{ endpoint: 7 }, { key: 7 }, { why: 'mood' }, { untilMs: 1_000 }, { untilMs: 'soon' }])(
    'is nothing with %j',
    (more) => {
      expect(readRest(JSON.stringify({ ...rest, ...more }), 1_000)).toBeUndefined();
    },
  );
});
