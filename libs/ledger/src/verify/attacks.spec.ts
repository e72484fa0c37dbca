import { afterAll, describe, expect, it } from '@jest/globals';
import {
  authority,
  bundleOf,
  exampleLog,
  headOf,
  keyFrom,
  keyset,
  log,
  planOf,
  root,
  sourceOf,
  startMs,
} from '../bundle/log.fixtures.js';
import { utf8 } from '../bytes.js';
import { signCheckpoint } from '../checkpoint.js';
import { enrolment, signEnrolment, signKeyset } from '../keyset.js';
import { hashLeaf, rootOf } from '../merkle.js';
import { logSigner, rawPublicKey, writerSigner } from '../signer.js';
import { at, entries, honest, judge, rebuilt, replaced, resigned, second, tile } from './attacks.fixtures.js';
import { changed, filesOf, forge } from './forge.fixtures.js';
import { verifyBundle } from './verify-bundle.js';

afterAll(() => second.close());

describe('an attack on the stored log is caught, and the first bad record named', () => {
  it('accepts the honest log', async () => {
    expect(await judge(await rebuilt(honest))).toEqual({ exit: 0, index: undefined });
  });

  it('1: a payload byte edited', async () => {
    const files = filesOf(await rebuilt(honest));
    const name = entries + honest.length;
    files.set(
      name,
      changed(files.get(name), (bytes) => bytes.writeUInt8(0x41, bytes.indexOf(at(3).leaf) + 150)),
    );
    expect(await judge(forge(files))).toEqual({ exit: 15, index: 3 });
  });

  it('2: payload and leaf hash edited', async () => {
    const files = filesOf(await rebuilt(honest));
    const leaf = changed(at(3).leaf, (bytes) => bytes.writeUInt8(bytes[150] === 0x41 ? 0x42 : 0x41, 150));
    files.set(
      entries + honest.length,
      changed(files.get(entries + honest.length), (bytes) => Buffer.from(leaf).copy(bytes, bytes.indexOf(at(3).leaf))),
    );
    files.set(
      tile + honest.length,
      changed(files.get(tile + honest.length), (bytes) => Buffer.from(hashLeaf(leaf)).copy(bytes, 96)),
    );
    const report = await verifyBundle(sourceOf(forge(files)), { root: root.publicKey });
    expect(report.exit).toBe(11);
    expect(report.findings).toContainEqual(expect.objectContaining({ code: 10, index: 3 }));
    await judge(forge(files));
  });

  it('3: payload, leaf hash, root and note edited without a key', async () => {
    const hashes = honest.map(({ leafHash }) => leafHash).with(3, hashLeaf(utf8('x')));
    const stranger = logSigner(keyFrom('stranger'));
    const origin = log.origin;
    const checkpoint = signCheckpoint({ origin, size: hashes.length, root: rootOf(hashes) }, stranger);
    const leaves = replaced(3, { ...at(3), leaf: utf8('x'), leafHash: hashLeaf(utf8('x')) });
    expect((await judge(await rebuilt(leaves, { checkpoint }))).exit).toBe(10);
  });

  it('5: a record deleted from the database', async () => {
    const rows = honest.map(({ leaf, leafHash }, index) => (index === 4 ? { leafHash } : { leaf, leafHash }));
    expect(await judge(await bundleOf(planOf(honest), rows))).toEqual({ exit: 12, index: 4 });
  });

  it('6 and 8: a record dropped and the whole tree rebuilt and signed', async () => {
    const leaves = honest.filter((_, index) => index !== 2);
    expect(await judge(await rebuilt(leaves))).toMatchObject({ exit: 16 });
  });

  it('9: two records of one lane exchanged and the whole tree rebuilt', async () => {
    expect((await judge(await rebuilt(honest.with(2, at(4)).with(4, at(2))))).exit).toBe(16);
  });

  it("10: another tenant's record moved in", async () => {
    const foreign = resigned(at(3), (payload) => {
      payload['log'] = 'writ.example/log/other';
    });
    expect(await judge(await rebuilt(replaced(3, foreign)))).toEqual({ exit: 11, index: 3 });
  });

  it('11: an old record replayed at the end', async () => {
    expect(await judge(await rebuilt([...honest, at(3)]))).toEqual({ exit: 16, index: honest.length });
  });

  it('12: a fabricated record, signed by a key that nobody enrolled', async () => {
    const forged = resigned(at(3), () => undefined, writerSigner('gw-1', keyFrom('stranger')));
    expect(await judge(await rebuilt(replaced(3, forged)))).toEqual({ exit: 10, index: 3 });
  });

  it('13: a record dated back', async () => {
    const last = honest.length - 1;
    const dated = resigned(at(last), (payload) => {
      payload['ts'] = startMs - 600_000;
      payload['rid'] = `${(startMs - 600_000)
        .toString(16)
        .padStart(12, '0')
        .replace(/^(.{8})/, '$1-')}-7000-8000-0000000000ff`;
    });
    const early = {
      'gw-1': signEnrolment(
        enrolment(
          { id: 'gw-1', publicKey: rawPublicKey(keyFrom('gw-1')) },
          { workload: 'gateway', build: '1' },
          startMs - 900_000,
        ),
        authority,
      ),
    };
    expect(await judge(await rebuilt(replaced(last, dated), { enrolments: early }))).toEqual({ exit: 19, index: last });
  });

  it('14: two heads shown to two auditors', async () => {
    const shorter = honest.slice(0, -1);
    const fork = [...shorter, resigned(at(honest.length - 1), (payload) => void (payload['hold'] = true))];
    expect((await judge(await rebuilt(honest), await rebuilt(fork))).exit).toBe(13);
    expect((await judge(await rebuilt(honest), await rebuilt(shorter))).exit).toBe(0);
  });

  it('16: an old log key used after its rotation', async () => {
    const rotated = {
      ...keyset,
      keys: keyset.keys.map((key) =>
        key.use === 'log' ? { ...key, revoked: { at: startMs + 1, lastSize: { [log.origin]: 5 } } } : key,
      ),
    };
    expect((await judge(await rebuilt(honest, { keyset: signKeyset(rotated, root) }))).exit).toBe(10);
  });

  it('17: a writer that goes on after it was closed', async () => {
    const made = await exampleLog(2);
    await made.event('writer.closed', { w: 'gw-1' });
    const end = made.leaves.length;
    await made.denied(9);
    expect(await judge(await rebuilt(made.leaves))).toEqual({ exit: 16, index: end });
  });

  it('7: a tail cut off, when a later checkpoint was kept', async () => {
    const shorter = await rebuilt(honest.slice(0, -5));
    const pinned = headOf(honest).note;
    expect((await verifyBundle(sourceOf(shorter), { root: root.publicKey, pinned })).exit).toBe(13);
    expect(await second.verify(shorter, { pinned })).toBe('13');
    const longer = await rebuilt(honest);
    const earlier = headOf(honest.slice(0, 9)).note;
    expect((await verifyBundle(sourceOf(longer), { root: root.publicKey, pinned: earlier })).exit).toBe(0);
    expect(await second.verify(longer, { pinned: earlier })).toBe('0');
  });
});
