import { createHmac } from 'node:crypto';

/**
 * The headers of the Standard Webhooks specification 1.0: an id that stays over repetitions, a time in seconds, and an
 * HMAC-SHA-256 over both and the body for each key. Two keys while one is being rotated out.
 */
export function webhookHeaders(
  id: string,
  nowMs: number,
  body: string,
  keys: readonly Uint8Array[],
): Readonly<Record<string, string>> {
  const seconds = Math.floor(nowMs / 1_000);
  const signed = keys.map((key) => createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64'));
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signed.map((signature) => `v1,${signature}`).join(' '),
  };
}
