import { beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publicKeyFrom, usageExit } from './verify-file.js';

const vectors = fileURLToPath(new URL('../../../libs/ledger/vectors/', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'writ-verify-'));
const singleFile = join(scratch, 'writ-verify.mjs');
const { root } = JSON.parse(readFileSync(join(vectors, 'keys.json'), 'utf8')) as { readonly root: string };

beforeAll(() => {
  const tool = fileURLToPath(new URL('../../../tools/single-file.mjs', import.meta.url));
  const entry = fileURLToPath(new URL('verify-main.js', import.meta.url));
  expect(spawnSync(process.execPath, [tool, entry, singleFile], { encoding: 'utf8' }).stderr).toBe('');
});

/** Under Node's permission model: it may read, and neither write, nor start anything, nor open a connection. */
function verify(...words: readonly string[]) {
  const done = spawnSync(process.execPath, ['--permission', '--allow-fs-read=*', singleFile, ...words], {
    encoding: 'utf8',
  });
  return { exit: done.status, said: done.stdout + done.stderr };
}

describe('writ verify, as one file', () => {
  it("imports nothing but Node's own modules", () => {
    const imported = [...readFileSync(singleFile, 'utf8').matchAll(/^import .* from '([^']+)';$/gm)].map(
      ([, name]) => name,
    );
    expect(imported.length).toBeGreaterThan(0);
    expect(imported.filter((name) => !/^node:(buffer|crypto|fs|util)$/.test(name ?? ''))).toEqual([]);
  });

  it('gives every published bundle its exit code without leave to write or to connect', () => {
    const expected = JSON.parse(readFileSync(join(vectors, 'bundles.json'), 'utf8')) as Record<string, number>;
    for (const [name, exit] of Object.entries(expected)) {
      expect([name, verify(join(vectors, 'bundles', `${name}.tar`), '--root', root).exit]).toEqual([name, exit]);
    }
  });

  it('names the first bad record', () => {
    expect(verify(join(vectors, 'bundles/record-edited.tar'), '--root', root).said).toContain('record #2');
  });

  it('tells on request which clause the fields serve, with the cautions, and then alone', () => {
    const honest = join(vectors, 'bundles/honest.tar');
    const { exit, said } = verify(honest, '--root', root, '--clauses');
    expect(exit).toBe(0);
    expect(said).toContain('Binds high-risk AI systems, not gateways.');
    expect(said).toMatch(/^ +policy: version, digest, rules that matched +T {2}s {2}s {2}T {2}s$/m);
    expect(verify(honest, '--root', root).said).not.toContain('high-risk');
    const { clauses } = JSON.parse(verify(honest, '--root', root, '--clauses', '--json').said) as {
      readonly clauses: { readonly regimes: readonly unknown[]; readonly fields: readonly Record<string, string>[] };
    };
    expect(clauses.regimes).toHaveLength(5);
    expect(clauses.fields).toContainEqual(
      expect.objectContaining({ HIPAA: 'text', DORA: 'supporting', 'NIST AI RMF': 'supporting' }),
    );
    expect(JSON.parse(verify(honest, '--root', root, '--json').said)).not.toHaveProperty('clauses');
  });

  it('ends with the usage when it is called wrongly', () => {
    expect(verify().exit).toBe(usageExit);
    expect(verify('no-such-file.tar').exit).toBe(usageExit);
    expect(verify(join(vectors, 'bundles/honest.tar'), '--root', 'nonsense').exit).toBe(usageExit);
  });
});

describe('a root key', () => {
  it('may be given as hex, as base64, or as a file', () => {
    const bytes = Buffer.from(root, 'hex');
    const file = join(scratch, 'root.pem');
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes]).toString('base64');
    writeFileSync(file, `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`);
    for (const text of [root, bytes.toString('base64'), file]) {
      expect(Buffer.from(publicKeyFrom(text) ?? []).equals(bytes)).toBe(true);
    }
    expect(publicKeyFrom('c2hvcnQ=')).toBeUndefined();
  });
});
