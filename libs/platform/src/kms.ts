import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/**
 * Wraps keys. Drivers: a local file key, AWS KMS (`aws-kms.ts`), and the transit engine of HashiCorp Vault or OpenBao
 * (`vault-kms.ts`); all pass the contract of `kms.contract.ts`. `context` binds a blob to its purpose.
 */
export interface Kms {
  wrap(context: string, plain: Uint8Array): Promise<string>;
  /** Throws when the blob was wrapped for another context or by another key. */
  unwrap(context: string, blob: string): Promise<Uint8Array>;
}

/** The service said no, or nothing. Its own words may quote what was sent, so only its code is kept. */
export class KmsFailure extends Error {
  constructor(operation: string, code: string) {
    super(`the key service refused ${operation}: ${code}`);
  }
}

const version = 'w1';

/** AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. The key's id stands in the header, so that rotation can tell. */
export function sealBytes(key: Uint8Array, aad: string, plain: Uint8Array): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(`${version}.${keyId(key)}.${aad}`));
  const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return `${version}.${keyId(key)}.${Buffer.concat([nonce, body]).toString('base64url')}`;
}

/** Throws when the key, the additional data or a bit of the text is not what it was sealed with. */
export function openBytes(key: Uint8Array, aad: string, sealed: string): Uint8Array {
  const [format, id, body] = sealed.split('.');
  if (format !== version || id !== keyId(key) || body === undefined)
    throw new Error('sealed text was made by another key or format');
  const bytes = Buffer.from(body, 'base64url');
  if (bytes.length < 28) throw new Error('sealed text is too short');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
  decipher.setAAD(Buffer.from(`${version}.${id}.${aad}`));
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
}

export function sealText(key: Uint8Array, aad: string, plain: string): string {
  return sealBytes(key, aad, Buffer.from(plain, 'utf8'));
}

export function openText(key: Uint8Array, aad: string, sealed: string): string {
  return Buffer.from(openBytes(key, aad, sealed)).toString('utf8');
}

/** The local driver: one 32-byte master key, from a file that only the operator reads. */
export function localKms(masterKey: Uint8Array): Kms {
  if (masterKey.length !== 32) throw new Error('the master key must be 32 bytes');
  return {
    wrap: async (context, plain) => sealBytes(masterKey, `kms:${context}`, plain),
    unwrap: async (context, blob) => openBytes(masterKey, `kms:${context}`, blob),
  };
}

/**
 * Remembers what was unwrapped for `forMs`, and at most `atMost` of it. Whoever takes a key away is heeded that much later,
 * so the time is short; nothing is remembered of a failure.
 */
export function rememberingKms(
  kms: Kms,
  { nowMs, forMs, atMost }: { readonly nowMs: () => number; readonly forMs: number; readonly atMost: number },
): Kms {
  const known = new Map<string, { readonly plain: Uint8Array; readonly untilMs: number }>();
  return {
    wrap: (context, plain) => kms.wrap(context, plain),
    async unwrap(context, blob) {
      const name = createHash('sha256').update(`${context}\0${blob}`).digest('base64');
      const before = known.get(name);
      if (before !== undefined && nowMs() < before.untilMs) return before.plain;
      known.delete(name);
      const untilMs = nowMs() + forMs;
      const plain = await kms.unwrap(context, blob);
      const [oldest] = known.keys();
      if (known.size >= atMost && oldest !== undefined) known.delete(oldest);
      known.set(name, { plain, untilMs });
      return plain;
    },
  };
}

/** Eight hex digits that name a key without revealing it. */
function keyId(key: Uint8Array): string {
  return createHash('sha256').update('writ/key-id').update(key).digest('hex').slice(0, 8);
}
