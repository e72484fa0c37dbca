import { afterAll, describe, expect, it } from '@jest/globals';
import { TestLog, bundleOf, planOf, writer } from '../bundle/log.fixtures.js';
import { utf8 } from '../bytes.js';
import { jwsHeader, signJws } from '../jws.js';
import type { StoredLeaf } from '../ledger.js';
import { hashLeaf } from '../merkle.js';
import { parseRecord } from '../signed-record.js';
import { judge, rebuilt, resigned, second } from './attacks.fixtures.js';

afterAll(() => second.close());

/** Denials that came in one moment share a batch: three and two records, and then again. Index 0, 1, 2 share a signature. */
const log = new TestLog();
for (const [first, count] of [
  [1, 3],
  [4, 2],
  [6, 3],
  [9, 2],
] as const) {
  // oxlint-disable-next-line no-await-in-loop -- another moment
  await Promise.all(Array.from({ length: count }, (_, n) => log.denied(first + n)));
}
const { leaves } = log;
const at = (index: number) => leaves[index] as StoredLeaf;
const textOf = ({ leaf }: StoredLeaf) => Buffer.from(leaf).toString('latin1');
const withLeaf = (stored: StoredLeaf, leaf: Uint8Array): StoredLeaf => ({ ...stored, leaf, leafHash: hashLeaf(leaf) });
const withheld = (from: number, to: number) => [{ from, to, reason: 'withheld' as const }];
const without = (from: number, to: number) =>
  leaves.map(({ leaf, leafHash }, index) => (index >= from && index < to ? { leafHash } : { leaf, leafHash }));

describe('records that share a signature', () => {
  it('are accepted, and name the leaf that their batch follows', async () => {
    const signatures = leaves.map(({ leaf }) => Buffer.from(parseRecord(leaf)?.signature ?? []).toString('hex'));
    expect(new Set(signatures.slice(0, 3)).size).toBe(1);
    expect(new Set(signatures).size).toBe(4);
    expect(await judge(await rebuilt(leaves))).toEqual({ exit: 0, index: undefined });
  });

  it('are missed when one is dropped and the whole tree rebuilt and signed', async () => {
    const lacking = leaves.filter((_, index) => index !== 1);
    expect(await judge(await rebuilt(lacking))).toEqual({ exit: 16, index: 1 });
  });

  it('are missed when the first of a lane is dropped', async () => {
    expect(await judge(await rebuilt(leaves.slice(1)))).toEqual({ exit: 16, index: 0 });
  });

  it('cannot be exchanged', async () => {
    const exchanged = leaves.with(1, at(2)).with(2, at(1));
    expect(await judge(await rebuilt(exchanged))).toEqual({ exit: 16, index: 1 });
  });

  it('cannot lend each other their proofs', async () => {
    const [head] = /^.*\./.exec(textOf(at(0))) ?? [''];
    const proof = textOf(at(1)).split('.')[2] ?? '';
    const lent = leaves.with(0, withLeaf(at(0), utf8(head + proof)));
    expect(await judge(await rebuilt(lent))).toEqual({ exit: 10, index: 0 });
  });

  it('cannot be signed again alone under another number', async () => {
    const again = resigned(at(4), (payload) => (payload['wseq'] = 3));
    expect(await judge(await rebuilt(leaves.with(4, again)))).toEqual({ exit: 16, index: 4 });
  });

  it('may lack those that are withheld, also inside a batch', async () => {
    for (const [from, to] of [
      [1, 2],
      [0, 2],
      [2, 4],
      [1, 7],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one gap after the other
      const judged = await judge(await bundleOf(planOf(leaves, { gaps: withheld(from, to) }), without(from, to)));
      expect([from, to, judged.exit]).toEqual([from, to, 0]);
    }
  });

  it('may not lack more than are absent', async () => {
    const dropped = leaves.filter((_, index) => index !== 1);
    const rows = dropped.map(({ leaf, leafHash }, index) => (index === 2 ? { leafHash } : { leaf, leafHash }));
    expect((await judge(await bundleOf(planOf(dropped, { gaps: withheld(2, 3) }), rows))).exit).toBe(16);
  });

  it('are of version 2: a payload of it under a signature of its own is refused, and the other way round', async () => {
    const payload = Buffer.from(parseRecord(at(3).leaf)?.payload ?? []).toString('utf8');
    const alone = signJws(jwsHeader(writer.keyId, 'writ-record+jws'), payload, (bytes) => writer.sign(bytes));
    expect(await judge(await rebuilt(leaves.with(3, withLeaf(at(3), alone))))).toEqual({ exit: 20, index: 3 });
    const old = resigned(at(3), (fields) => (fields['_t'] = 'writ.decision/1'));
    expect(await judge(await rebuilt(leaves.with(3, old)))).toEqual({ exit: 20, index: 3 });
  });
});
