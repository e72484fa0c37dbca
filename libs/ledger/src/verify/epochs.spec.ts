import { type X509Certificate, createPublicKey } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type Files, filesOf, forge } from './forge.fixtures.js';
import { type SlottedHead, hashEpoch, headsRoot, proveEpoch } from '../epoch.js';
import { bundleOf, exampleLog, headOf, keyFrom, keyset, log, planOf, root, sourceOf } from '../bundle/log.fixtures.js';
import { toHex, utf8 } from '../bytes.js';
import { canonicalJson } from '../canonical-json.js';
import { signCheckpoint } from '../checkpoint.js';
import { cosign } from '../cosignature.js';
import { keysetKey, signKeyset } from '../keyset.js';
import { rootOf } from '../merkle.js';
import { parseNote, verifierKey } from '../note.js';
import { logSigner } from '../signer.js';
import { parseWitnessPolicy } from '../witness-policy.js';
import { second } from './attacks.fixtures.js';
import { verifyBundle } from './verify-bundle.js';

afterAll(() => second.close());

const { leaves } = await exampleLog(3);
const epochKey = logSigner(keyFrom('epoch'));
const witnessKey = logSigner(keyFrom('w1'));
const epochOrigin = 'writ.example/epochs';
const head = headOf(leaves);
const witnessed = 'w1.example';
const policyText = `witness w ${verifierKey(witnessed, witnessKey.publicKey, 0x04)}\nquorum w\n`;
const policy = parseWitnessPolicy(policyText);

/** Epoch 2 of an epoch log of four, with this log in slot 3 of five. */
function epochFiles(heads: readonly SlottedHead[], more = '', signer = epochKey) {
  const epochs = [0, 1, 2, 3].map((number) => hashEpoch(number, number === 2 ? headsRoot(heads) : rootOf([])));
  const note = signCheckpoint({ origin: epochOrigin, size: 4, root: rootOf(epochs) }, signer);
  const { headProof, epochProof, ...place } = proveEpoch(2, heads, 3, epochs);
  const proof = { ...place, headProof: headProof.map(toHex), epochProof: epochProof.map(toHex) };
  return { 'epochs/2.note': utf8(note + more), 'epochs/2.head-proof': utf8(canonicalJson(proof)) };
}

const heads: readonly SlottedHead[] = [
  { slot: 0, origin: 'writ.example/log/a', size: 1, root: rootOf([]) },
  { slot: 3, origin: log.origin, size: head.size, root: head.root },
  { slot: 4, origin: 'writ.example/log/b', size: 9, root: rootOf([]) },
];

const keys = [...keyset.keys, keysetKey('epoch', epochKey.publicKey, { from: 0, until: 2 ** 45 }, epochOrigin)];

async function filesWith(attachments: Readonly<Record<string, Uint8Array>>): Promise<Files> {
  const plan = planOf(leaves, { keyset: signKeyset({ ...keyset, keys }, root), attachments });
  return filesOf(await bundleOf(plan, leaves));
}

async function judge(attachments: Readonly<Record<string, Uint8Array>>) {
  const bundle = forge(await filesWith(attachments));
  const report = await verifyBundle(sourceOf(bundle), { root: root.publicKey, ...(policy ? { policy } : {}) });
  const without = await verifyBundle(sourceOf(bundle), { root: root.publicKey });
  expect(await second.verify(bundle)).toBe(String(without.exit));
  expect(await second.verify(bundle, { policy: policyText })).toBe(String(report.exit));
  return report;
}

const cosigned = (files: Record<string, Uint8Array>, seconds = 1_790_000_000) => {
  const note = Buffer.from(files['epochs/2.note'] ?? []).toString('utf8');
  const line = cosign(parseNote(note)?.text ?? '', witnessed, witnessKey, seconds);
  return { ...files, 'epochs/2.note': utf8(note + line) };
};

describe('an epoch in a bundle', () => {
  it('proves with a cosignature that the checkpoint was the one head then', async () => {
    const report = await judge(cosigned(epochFiles(heads)));
    expect(report.exit).toBe(0);
    const held = report.claims.filter(({ holds }) => holds).map(({ name, what }) => `${name} ${what}`);
    expect(held).toContain('WITNESSED by the witnesses of your policy: w1.example');
    expect(held).toContain('TIMESTAMPED not later than 2026-09-21T14:13:20.000Z');
  });

  it('is not witnessed without the quorum of the policy', async () => {
    expect((await judge(epochFiles(heads))).exit).toBe(14);
    const forgedLine = cosign('another text\n', witnessed, witnessKey, 1_790_000_000);
    expect((await judge(epochFiles(heads, forgedLine))).exit).toBe(14);
  });

  it('is refused with a timestamp token that is not of the authority that was brought', async () => {
    const bundle = forge(await filesWith({ ...cosigned(epochFiles(heads)), 'epochs/2.tsr': utf8('no token') }));
    const timestampAuthority = { publicKey: createPublicKey(keyFrom('w1')) } as X509Certificate;
    const judged = async (more: object) =>
      (await verifyBundle(sourceOf(bundle), { root: root.publicKey, ...more })).exit;
    expect(await judged({ timestampAuthority })).toBe(10);
    expect(await judged({})).toBe(0);
  });

  it('must hold this very head', async () => {
    const other = heads.map((one) => (one.slot === 3 ? { ...one, size: one.size - 1 } : one));
    expect((await judge(cosigned(epochFiles(other)))).exit).toBe(11);
  });

  it('must be signed by an epoch key', async () => {
    expect((await judge(cosigned(epochFiles(heads, '', witnessKey)))).exit).toBe(10);
  });

  it('must come with a proof that can be read', async () => {
    const files = cosigned(epochFiles(heads));
    expect((await judge({ ...files, 'epochs/2.head-proof': utf8('{"number": 2}') })).exit).toBe(20);
    expect((await judge({ ...files, 'epochs/2.head-proof': utf8('{"number":2}') })).exit).toBe(11);
  });
});
