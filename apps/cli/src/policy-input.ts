import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { type Result, err, ok } from '@writ/domain';

/** Exit codes of `writ policy`: nothing to complain of; something found; an input that could not be read or compiled. */
export const exit = Object.freeze({ fine: 0, found: 1, unreadable: 2 });

/** `-` is standard input. */
export function textOf(file: string): Result<string, string> {
  try {
    return ok(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (cause) {
    return err(`${nameOf(file)} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

export function nameOf(file: string): string {
  return file === '-' ? '(standard input)' : file;
}

const pieceBytes = 1024 * 1024;

/** The lines of a file of any length, a piece at a time; a replay of a million requests need not fit in memory. */
export function* linesOf(file: string): Generator<string> {
  const from = file === '-' ? 0 : openSync(file, 'r');
  try {
    const decoder = new StringDecoder('utf8');
    const piece = Buffer.allocUnsafe(pieceBytes);
    let rest = '';
    for (let read = readSync(from, piece); read > 0; read = readSync(from, piece)) {
      const lines = (rest + decoder.write(piece.subarray(0, read))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    yield rest + decoder.end();
  } finally {
    if (from !== 0) closeSync(from);
  }
}
