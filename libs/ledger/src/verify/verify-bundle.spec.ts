import { describe, expect, it } from '@jest/globals';
import { bundleOf, exampleLog, planOf, root, sourceOf } from '../bundle/log.fixtures.js';
import { exitCodes } from './findings.js';
import { verifyBundle } from './verify-bundle.js';

const example = await exampleLog(60);
const bundle = await bundleOf(planOf(example.leaves), example.leaves);
const options = { root: root.publicKey };

describe('verify', () => {
  it('finds a whole log intact, complete, closed and anchored', async () => {
    const report = await verifyBundle(sourceOf(bundle), options);
    expect(report.findings).toEqual([]);
    expect(report.exit).toBe(0);
    expect(report.claims.filter(({ holds }) => holds).map(({ name }) => name)).toEqual([
      'INTACT',
      'COMPLETE',
      'CLOSED',
      'ANCHORED',
    ]);
  });

  it('proves nothing to the outside without a root key', async () => {
    const report = await verifyBundle(sourceOf(bundle), {});
    expect(report.exit).toBe(exitCodes.unanchored);
    expect(report.claims.at(-1)?.name).toBe('UNANCHORED');
  });

  it('refuses another root key', async () => {
    expect((await verifyBundle(sourceOf(bundle), { root: new Uint8Array(32).fill(9) })).exit).toBe(exitCodes.signature);
  });

  it('names the record of which one byte was edited', async () => {
    const at = bundle.indexOf(example.leaves[17]?.leaf as Uint8Array) + 200;
    const edited = Buffer.from(bundle);
    edited[at] = (edited[at] as number) ^ 1;
    const report = await verifyBundle(sourceOf(edited), options);
    expect(report.exit).toBe(exitCodes.payload);
    expect(report.findings[0]).toMatchObject({ index: 17 });
  });

  it('verifies a range out of the middle of the log', async () => {
    const part = await bundleOf(planOf(example.leaves, { from: 256, to: 300 }), example.leaves);
    expect(await verifyBundle(sourceOf(part), options)).toMatchObject({ exit: 0, findings: [] });
  });

  it('writes the same bytes for the same rows', async () => {
    expect((await bundleOf(planOf(example.leaves), example.leaves)).equals(bundle)).toBe(true);
  });
});
