import { createHash, hash } from 'node:crypto';

/** Where short inputs are put together; used within one call only. */
const scratch = Buffer.allocUnsafeSlow(32_768);

/** SHA-256 of the parts after each other. Short inputs take one call of the library: half the time of a Hash object. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return Buffer.from(hash('sha256', parts[0]!, 'latin1'), 'latin1');
  let length = 0;
  for (const part of parts) length += part.length;
  if (length > scratch.length) {
    const long = createHash('sha256');
    for (const part of parts) long.update(part);
    return long.digest();
  }
  let at = 0;
  for (const part of parts) {
    scratch.set(part, at);
    at += part.length;
  }
  return Buffer.from(hash('sha256', scratch.subarray(0, length), 'latin1'), 'latin1');
}

/** SHA-256 of bytes, or of a text's UTF-8, as hex. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

export function fromHex(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

/** Of the text's UTF-8. */
export function textToBase64Url(text: string): string {
  if (text.length * 3 > scratch.length) return Buffer.from(text, 'utf8').toString('base64url');
  return scratch.toString('base64url', 0, scratch.write(text, 0, 'utf8'));
}

/** Only the one canonical spelling: no whitespace, exact padding, unused bits zero. */
export function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Only the one canonical spelling without padding: a signature must have exactly one form. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

export function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** Cuts concatenated 32-byte hashes apart. */
export function splitHashes(bytes: Uint8Array): readonly Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at + 32 <= bytes.length; at += 32) hashes.push(bytes.subarray(at, at + 32));
  return hashes;
}
