import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type { Fault } from './faults.js';
import type { Phase, Piece, Reply } from './reply.js';

/** Writes a reply to the socket and lets the scripted faults strike where they were told to. */
export async function deliver(reply: Reply, faults: readonly Fault[], response: ServerResponse): Promise<void> {
  const raw = faults.find((fault) => fault.kind === 'raw');
  if (raw) return void response.socket?.end(raw.text);
  if (await struck('headers', -1, faults, response)) return;
  const bomb = faults.find((fault) => fault.kind === 'gzip-bomb');
  if (bomb) return explode(reply, bomb.bytes, response);

  const contentType = faults.find((fault) => fault.kind === 'content-type')?.value;
  const redirect = faults.find((fault) => fault.kind === 'redirect');
  response.writeHead(redirect?.status ?? reply.status, {
    ...reply.headers,
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(redirect ? { location: redirect.location } : {}),
  });
  response.flushHeaders();

  const trickle = faults.find((fault) => fault.kind === 'trickle');
  for (const [index, piece] of bent(reply.pieces, faults).entries()) {
    if (response.destroyed) return;
    if (await struck(piece.phase, index, faults, response)) return;
    if (truncates(piece, index, faults)) {
      response.end(piece.bytes.subarray(0, Math.floor(piece.bytes.length / 2)));
      return;
    }
    await write(piece.bytes, trickle, response);
  }
  response.end();
}

/** True when a fault ended the answer here. */
async function struck(
  phase: Phase,
  index: number,
  faults: readonly Fault[],
  response: ServerResponse,
): Promise<boolean> {
  for (const fault of faults) {
    if (!strikes(fault, phase, index)) continue;
    if (fault.kind === 'delay') await wait(fault.ms);
    if (fault.kind === 'inject')
      response.write(Buffer.from(fault.base64 ?? fault.text ?? '', fault.base64 ? 'base64' : 'utf8'));
    if (fault.kind === 'hang') return true;
    if (fault.kind === 'cut') {
      if (fault.how === 'end') response.end();
      else response.socket?.resetAndDestroy();
      return true;
    }
  }
  return false;
}

function strikes(fault: Fault, phase: Phase, index: number): boolean {
  if ('at' in fault && fault.at !== undefined) return fault.at === index;
  return 'phase' in fault && fault.phase === phase;
}

function truncates(piece: Piece, index: number, faults: readonly Fault[]): boolean {
  return faults.some((fault) => fault.kind === 'truncate' && strikes(fault, piece.phase, index));
}

function bent(pieces: readonly Piece[], faults: readonly Fault[]): readonly Piece[] {
  const body = faults.find((fault) => fault.kind === 'body');
  if (body) return [{ bytes: Buffer.from(body.text), phase: 'first' }];
  const last = pieces.at(-1);
  const more: Piece[] = [];
  if (last && faults.some((fault) => fault.kind === 'two-terminals')) more.push(...pieces.slice(0, -1), last);
  for (const fault of faults) {
    if (fault.kind === 'after-terminal') more.push({ bytes: Buffer.from(fault.text), phase: 'terminal' });
  }
  return [...pieces, ...more];
}

async function write(
  bytes: Uint8Array,
  trickle: Extract<Fault, { kind: 'trickle' }> | undefined,
  response: ServerResponse,
): Promise<void> {
  const step = trickle?.bytes ?? bytes.length;
  for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
    const room = response.write(bytes.subarray(at, at + step));
    if (!room) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
    if (trickle) await wait(trickle.ms);
  }
}

function explode(reply: Reply, bytes: number, response: ServerResponse): void {
  response.writeHead(reply.status, { ...reply.headers, 'content-encoding': 'gzip' });
  const gzip = createGzip();
  gzip.pipe(response);
  response.once('close', () => gzip.destroy());
  const block = Buffer.alloc(64 * 1024);
  let left = bytes;
  const pump = (): void => {
    while (left > 0 && !gzip.destroyed) {
      left -= block.length;
      if (!gzip.write(block)) return void gzip.once('drain', pump);
    }
    gzip.end();
  };
  pump();
}
