import { randomBytes } from 'node:crypto';

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

/** UUID version 7 (RFC 9562): 48 bits of `nowMs`, then 74 random bits. */
export function uuidv7(nowMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
