import { sameBytes } from '../bytes.js';
import { paddedLength, tarBlock, tarEnd, tarHeader } from '../bundle/tar.js';
import { Unreadable, exitCodes } from './findings.js';

/** A bundle's bytes, wherever they are. */
export interface ByteSource {
  readonly length: number;
  read(offset: number, length: number): Uint8Array;
}

export interface ArchivedFile {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** The files of a bundle. Only the one tar that `writeBundle` writes is read: every byte of it has a meaning. */
export class Archive {
  readonly #files = new Map<string, ArchivedFile>();

  constructor(private readonly source: ByteSource) {
    let at = 0;
    let header = source.read(0, Math.min(tarBlock, source.length));
    while (header.length === tarBlock) {
      if (isEmpty(header)) break;
      const file = fileOf(header, at + tarBlock);
      if (!file) throw new Unreadable(exitCodes.format, `the tar header at byte ${at} is not one of a bundle`);
      if (this.#files.has(file.name)) throw new Unreadable(exitCodes.format, `the file ${file.name} is there twice`);
      const end = file.offset + paddedLength(file.bytes);
      if (end > source.length) throw new Unreadable(exitCodes.format, `the file ${file.name} is cut short`);
      this.#files.set(file.name, file);
      const padding = end - file.offset - file.bytes;
      // The padding and the header after it in one read.
      const next = source.read(end - padding, padding + Math.max(0, Math.min(tarBlock, source.length - end)));
      if (!isEmpty(next.subarray(0, padding))) {
        throw new Unreadable(exitCodes.format, `the padding after ${file.name} is not empty`);
      }
      header = next.subarray(padding);
      at = end;
    }
    if (source.length - at !== tarEnd.length || !sameBytes(source.read(at, tarEnd.length), tarEnd)) {
      throw new Unreadable(exitCodes.format, 'the tar does not end as a bundle does');
    }
  }

  files(): readonly ArchivedFile[] {
    return [...this.#files.values()];
  }

  has(name: string): boolean {
    return this.#files.has(name);
  }

  find(name: string): Uint8Array | undefined {
    const file = this.#files.get(name);
    return file && this.source.read(file.offset, file.bytes);
  }

  get(name: string): Uint8Array {
    const content = this.find(name);
    if (!content) throw new Unreadable(exitCodes.format, `the bundle holds no ${name}`);
    return content;
  }
}

const zeros = new Uint8Array(tarBlock);

function isEmpty(bytes: Uint8Array): boolean {
  return sameBytes(bytes, zeros.subarray(0, bytes.length));
}

/** The header must be, byte for byte, the one that its own name and size ask for. */
function fileOf(header: Uint8Array, offset: number): ArchivedFile | undefined {
  const text = Buffer.from(header).toString('latin1');
  const name = text.slice(0, 100).replace(/\0+$/, '');
  const size = /^[0-7]{11}\0/.test(text.slice(124, 136)) ? Number.parseInt(text.slice(124, 135), 8) : -1;
  const expected = tarHeader(name, size);
  return expected && sameBytes(expected, header) ? { name, offset, bytes: size } : undefined;
}
