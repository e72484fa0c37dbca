import type { RecordId } from '@writ/domain';
import { toHex } from './bytes.js';
import type { RandomBytes } from './sealing.js';

/** UUIDv7 (RFC 9562) for the few records that the ledger writes by itself. */
export function newRecordId(nowMs: number, random: RandomBytes): RecordId {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(Math.trunc(nowMs), 0, 6);
  bytes.set(random(10), 6);
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-') as RecordId;
}
