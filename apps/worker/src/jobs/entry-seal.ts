import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { QueueEntry } from '@writ/redis';

/** Seals what a queue carries: whoever can write into Redis alone cannot make an entry that a worker takes. */
export interface EntrySeal {
  seal(queue: string, entry: Omit<QueueEntry, 'mac'>): QueueEntry;
  isGenuine(queue: string, entry: QueueEntry): boolean;
}

/** HMAC-SHA-256 under a key of its own, derived from the master key (HKDF, RFC 5869). */
export function entrySeal(masterKey: Uint8Array): EntrySeal {
  const key = new Uint8Array(hkdfSync('sha256', masterKey, new Uint8Array(), 'writ/jobs/v1', 32));
  const macOf = (queue: string, { tenant, job, attempt }: Omit<QueueEntry, 'mac'>): string =>
    createHmac('sha256', key).update([queue, tenant, job, attempt].join('\0')).digest('base64url');
  return {
    seal: (queue, entry) => ({ ...entry, mac: macOf(queue, entry) }),
    isGenuine(queue, entry) {
      const expected = Buffer.from(macOf(queue, entry));
      const given = Buffer.from(entry.mac);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}
