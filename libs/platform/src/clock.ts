// Not the global of that name, which is looked up by a getter each time.
import { performance } from 'node:perf_hooks';
import { randomPool } from './random.js';

export interface Clock {
  /** Ms since the epoch. */
  nowMs(): number;
  /** Monotonic ms, for durations. */
  monotonicMs(): number;
  /** Resolves after `ms`; `cancel` frees the timer and leaves `elapsed` pending for ever. */
  after(ms: number): { readonly elapsed: Promise<void>; cancel(): void };
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    return { elapsed: promise, cancel: () => clearTimeout(timer) };
  },
};

const random = randomPool();

/** UUID version 7 (RFC 9562): 48 bits of `nowMs`, then 74 random bits. */
export function uuidv7(nowMs: number): string {
  const time = Math.trunc(nowMs).toString(16).padStart(12, '0');
  const bytes = random(10);
  const hex = bytes.toString('hex');
  const variant = (8 | (bytes[9]! & 3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-${variant}${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
}
