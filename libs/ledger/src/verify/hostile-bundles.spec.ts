import { afterAll, describe, expect, it } from '@jest/globals';
import { authority, bundleOf, exporter, keyset, log, planOf } from '../bundle/log.fixtures.js';
import { utf8 } from '../bytes.js';
import { signKeyset } from '../keyset.js';
import { hashLeaf, rootOf } from '../merkle.js';
import { parseRecord } from '../signed-record.js';
import { at, honest, judge, rebuilt, replaced, second, signedAlone } from './attacks.fixtures.js';
import { filesOf, forge } from './forge.fixtures.js';

afterAll(() => second.close());

const honestFiles = async () => filesOf(await rebuilt(honest));

describe('a hostile bundle', () => {
  it.each([
    ['a tree of size 0', `${log.origin}\n0\n`],
    ['a tree of size 2^63', `${log.origin}\n9223372036854775808\n`],
    ['a negative size', `${log.origin}\n-1\n`],
  ])('is refused: %s', async (_name, body) => {
    const text = `${body}${Buffer.from(rootOf([])).toString('base64')}\n`;
    const files = (await honestFiles()).set('log/checkpoint', utf8(`${text}\n\u2014 ${log.origin} AAAAAAAA\n`));
    expect([10, 20]).toContain((await judge(forge(files))).exit);
  });

  it('row 46: is refused with a duplicate key in a record', async () => {
    const payload = Buffer.from(parseRecord(at(3).leaf)?.payload ?? []).toString('utf8');
    const doubled = signedAlone(payload.replace('{', '{"_t":"writ.outcome/2",'));
    const leaf = { ...at(3), leaf: doubled, leafHash: hashLeaf(doubled) };
    expect(await judge(await rebuilt(replaced(3, leaf)))).toEqual({ exit: 20, index: 3 });
  });

  it('is refused with another algorithm in the header', async () => {
    const none = Buffer.from('{"alg":"none","kid":"0000000000000000","typ":"writ-record+batch"}').toString('base64url');
    const leaf = utf8(
      `${none}${Buffer.from(at(3).leaf)
        .toString('latin1')
        .replace(/^[^.]*/, '')}`,
    );
    expect(await judge(await rebuilt(replaced(3, { ...at(3), leaf, leafHash: hashLeaf(leaf) })))).toEqual({
      exit: 10,
      index: 3,
    });
  });

  it('is refused with a path that leaves the folder', async () => {
    const bundle = Buffer.from(await rebuilt(honest));
    bundle.write('../../etc/x', 0, 'latin1');
    expect((await judge(bundle)).exit).toBe(20);
  });

  it('is refused when the manifest is signed by a key that does not export', async () => {
    const bundle = await bundleOf(planOf(honest), honest, authority);
    expect((await judge(bundle)).exit).toBe(10);
  });

  it('is refused when a keyset signed by another root lies inside', async () => {
    const bundle = await rebuilt(honest, { keyset: signKeyset(keyset, exporter) });
    expect((await judge(bundle)).exit).toBe(10);
  });

  it.each([
    ['a file that nobody reads', 'report.pdf', 20],
    ['a tile outside its range', 'log/tile/0/001', 20],
    ['a proof without its record', 'proofs/1.tlog-proof', 20],
    ['an epoch without its note', 'epochs/1.tsr', 20],
    ['an index spelt in another way', 'open/01.json', 20],
    ['content disclosed of a record that is not there', 'open/999.json', 15],
    ['content sealed for a record that is not there', 'sealed/999.bin', 15],
    ['a witness policy that is none', 'trust/policy', 20],
  ])('is refused with %s', async (_name, file, exit) => {
    const files = (await honestFiles()).set(file, utf8('{}'));
    expect((await judge(forge(files))).exit).toBe(exit);
  });

  it('is refused with sealed content that is cut, and with some beside a leaf that is absent', async () => {
    const files = await honestFiles();
    const name = `log/tile/sealed/000.p/${honest.length}`;
    const whole = files.get(name) as Uint8Array;
    expect((await judge(forge(new Map(files).set(name, whole.subarray(0, whole.length - 1))))).exit).toBe(20);
    const withheld = honest.map((leaf, index) =>
      index === 0 ? { leafHash: leaf.leafHash, ...(leaf.sealed ? { sealed: leaf.sealed } : {}) } : leaf,
    );
    const plan = planOf(honest, { gaps: [{ from: 0, to: 1, reason: 'withheld' }] });
    expect(await judge(await bundleOf(plan, withheld))).toEqual({ exit: 15, index: 0 });
  });
});

describe('a bundle with a witness policy', () => {
  it('carries it for information', async () => {
    const bundle = await rebuilt(honest, { policy: utf8('# ours\nquorum none\n') });
    expect(await judge(bundle)).toEqual({ exit: 0, index: undefined });
  });
});
