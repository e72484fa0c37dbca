import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keyFrom, logKey, origin, root, sourceOf } from './bundle/log.fixtures.js';
import { signCheckpoint } from './checkpoint.js';
import { hashLeaf, rootOf } from './merkle.js';
import { parseNote } from './note.js';
import { makeVectors } from './vectors.fixtures.js';
import { parseCanonical } from './verify/strict-json.js';
import { verifyBundle } from './verify/verify-bundle.js';

const folder = fileURLToPath(new URL('../vectors/', import.meta.url));
const read = (name: string) => readFileSync(join(folder, name));
const json = (name: string) => JSON.parse(read(name).toString('utf8')) as Record<string, unknown>;

async function expectExits(set: string): Promise<void> {
  for (const [name, exit] of Object.entries(json(`${set}.json`))) {
    // oxlint-disable-next-line no-await-in-loop -- one bundle after the other
    const report = await verifyBundle(sourceOf(read(`${set}/${name}.tar`)), { root: root.publicKey });
    expect([set, name, report.exit]).toEqual([set, name, exit]);
  }
}

describe('the vectors for third parties', () => {
  it('are what this code makes today: a stored bundle must verify for ever', async () => {
    for (const [name, content] of await makeVectors()) expect([name, read(name).equals(content)]).toEqual([name, true]);
  });

  it('hold JSON that has one spelling, and refuse every other', () => {
    const { accepted, refused } = json('canonical-json.json') as Record<string, readonly string[]>;
    for (const text of accepted ?? []) expect(parseCanonical(Buffer.from(text, 'utf8'))).toBeDefined();
    for (const text of refused ?? [])
      expect([text, parseCanonical(Buffer.from(text, 'utf8'))]).toEqual([text, undefined]);
  });

  it('hold bundles that give the exit codes they promise', async () => {
    await expectExits('bundles');
  });

  it('hold bundles of the first record version, which verify for ever', async () => {
    await expectExits('bundles-v1');
  });

  it('are understood by the second verifier', () => {
    const script = fileURLToPath(new URL('../../../test/verifier/vectors.py', import.meta.url));
    expect(execFileSync('python3', ['-B', script, folder], { encoding: 'utf8' })).toMatch(/^\d+ vectors hold\n$/);
  });
});

describe('a checkpoint', () => {
  it('is verified by openssl, which knows nothing of us', () => {
    const note = signCheckpoint({ origin, size: 1, root: rootOf([hashLeaf(Buffer.from('leaf'))]) }, logKey);
    const parsed = parseNote(note);
    const scratch = mkdtempSync(join(tmpdir(), 'writ-openssl-'));
    const key = keyFrom('log');
    writeFileSync(join(scratch, 'key.pem'), key.export({ format: 'pem', type: 'pkcs8' }));
    execFileSync('openssl', ['pkey', '-in', 'key.pem', '-pubout', '-out', 'public.pem'], { cwd: scratch });
    writeFileSync(join(scratch, 'text'), parsed?.text ?? '');
    writeFileSync(join(scratch, 'signature'), parsed?.signatures[0]?.signature ?? '');
    const verifyArguments = ['pkeyutl', '-verify', '-pubin', '-inkey', 'public.pem', '-rawin', '-in', 'text'];
    const said = execFileSync('openssl', [...verifyArguments, '-sigfile', 'signature'], {
      cwd: scratch,
      encoding: 'utf8',
    });
    expect(said).toContain('Signature Verified Successfully');
    rmSync(scratch, { recursive: true });
  });
});
