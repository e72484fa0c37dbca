/** A tar that has one form only: ustar, regular files, no owner, no time. Reader and writer share this header. */
export const tarBlock = 512;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;

/** Undefined for a name that could leave the folder it is unpacked in, or that ustar cannot hold. */
export function tarHeader(name: string, bytes: number): Uint8Array | undefined {
  if (name.length > 100 || !namePattern.test(name) || !Number.isSafeInteger(bytes) || bytes < 0) return undefined;
  if (bytes >= 8 ** 11) return undefined;
  const header = Buffer.alloc(tarBlock);
  header.write(name, 0, 'latin1');
  header.write('0000644\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  header.write(`${bytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('00000000000\0', 136, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

export function paddedLength(bytes: number): number {
  return Math.ceil(bytes / tarBlock) * tarBlock;
}

/** One file as it stands in the tar. Throws on a name that is not ours. */
export function tarEntry(name: string, content: Uint8Array): Uint8Array {
  const header = tarHeader(name, content.length);
  if (!header) throw new Error(`a bundle cannot hold a file named ${JSON.stringify(name)}`);
  return Buffer.concat([header, content, Buffer.alloc(paddedLength(content.length) - content.length)]);
}

export const tarEnd: Uint8Array = new Uint8Array(2 * tarBlock);
