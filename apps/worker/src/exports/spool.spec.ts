import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Spool, SpoolDiverged } from './spool.js';

const folder = mkdtempSync(join(tmpdir(), 'writ-spool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pieces = (count: number): Uint8Array[] => Array.from({ length: count }, (_, at) => Buffer.alloc(1_000, at));
const whole = Buffer.concat(pieces(10));
const quiet = (): Promise<void> => Promise.resolve();

async function* given(all: readonly Uint8Array[], cutAfter = Infinity): AsyncGenerator<Uint8Array> {
  for (const [at, piece] of all.entries()) {
    if (at === cutAfter) throw new Error('cut');
    yield await Promise.resolve(piece);
  }
}

describe('a spooled file', () => {
  it('is absent until it is whole', async () => {
    const spool = new Spool<{ n: number }>(folder, 'whole');
    await spool.plan(() => Promise.resolve({ n: 1 }));
    await expect(spool.write(given(pieces(10), 4), quiet)).rejects.toThrow('cut');
    expect(await spool.finished()).toBeUndefined();
    const done = await spool.write(given(pieces(10)), quiet);
    expect(readFileSync(done.path)).toEqual(whole);
    expect(done.sha256).toBe(createHash('sha256').update(whole).digest('hex'));
    expect(await spool.finished()).toEqual(done);
  });

  it('goes on from what a killed run left, by the plan that run began with, wherever it was cut', async () => {
    const spool = new Spool<{ n: number }>(folder, 'resumed');
    expect(await spool.plan(() => Promise.resolve({ n: 1 }))).toEqual({ n: 1 });
    await expect(spool.write(given(pieces(10), 7), quiet)).rejects.toThrow('cut');
    const draft = join(folder, 'resumed.tar.part');
    truncateSync(draft, 6_543);
    const after = new Spool<{ n: number }>(folder, 'resumed');
    expect(await after.plan(() => Promise.resolve({ n: 2 }))).toEqual({ n: 1 });
    expect(readFileSync((await after.write(given(pieces(10)), quiet)).path)).toEqual(whole);
  });

  it('begins anew when the bytes on disk are not those that the rows give now', async () => {
    const spool = new Spool<{ n: number }>(folder, 'diverged');
    await spool.plan(() => Promise.resolve({ n: 1 }));
    await expect(spool.write(given(pieces(10), 5), quiet)).rejects.toThrow('cut');
    const draft = join(folder, 'diverged.tar.part');
    truncateSync(draft, 4_999);
    appendFileSync(draft, 'x');
    expect(statSync(draft).size).toBe(5_000);
    await expect(spool.write(given(pieces(10)), quiet)).rejects.toThrow(SpoolDiverged);
    expect(existsSync(draft)).toBe(false);
    expect(await spool.plan(() => Promise.resolve({ n: 2 }))).toEqual({ n: 2 });
    expect(readFileSync((await spool.write(given(pieces(10)), quiet)).path)).toEqual(whole);
  });
});
