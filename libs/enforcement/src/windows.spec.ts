import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { limits } from '@writ/domain';
import { WindowCutter } from './windows.js';

const some = Buffer.from('some bytes');

describe('a window', () => {
  it('is open from the first event that waits for its inspection, not from the inspection', () => {
    const cutter = new WindowCutter(Buffer.alloc(32));
    cutter.add([some], 0);
    cutter.cut();
    const age = limits.windowAgesMs[1] ?? 0;
    cutter.expect(10, 1_000);
    expect(cutter.dueInMs(1_000)).toBe(age);
    expect(cutter.dueInMs(1_000 + age)).toBe(0);
    cutter.add([some], 1_000 + age);
    expect(cutter.dueInMs(1_000 + age)).toBe(0);
    expect(cutter.expected).toBe(0);
  });

  it('is due when what is held and what is expected fill it', () => {
    const cutter = new WindowCutter(Buffer.alloc(32));
    cutter.add([some], 0);
    cutter.cut();
    cutter.add([some], 0);
    cutter.expect(limits.windowBytes, 0);
    expect(cutter.dueInMs(0)).toBe(0);
  });

  it('is not there when nothing of what was expected leaves', () => {
    const cutter = new WindowCutter(Buffer.alloc(32));
    cutter.expect(10, 0);
    cutter.add([], 0);
    expect(cutter.size).toBe(0);
    expect(cutter.dueInMs(0)).toBeUndefined();
  });

  it('is chained to the one before by HMAC-SHA-256 under the key, whatever its size', () => {
    const key = randomBytes(32);
    const cutter = new WindowCutter(key);
    let before = Buffer.alloc(0);
    for (const bytes of [some, randomBytes(4_096), randomBytes(100_000)]) {
      cutter.add([bytes.subarray(0, 5), bytes.subarray(5)], 0);
      before = createHmac('sha256', key).update(before).update(bytes).digest();
      expect(cutter.cut().digest).toBe(before.toString('hex'));
    }
  });
});
