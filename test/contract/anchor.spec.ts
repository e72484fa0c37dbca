import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LogSigner, CompactRange, hashEpoch, headsRoot, logSigner, signCheckpoint } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { type ObjectStore, type S3Bucket, s3Bucket } from '@writ/s3';
import { type SimulatedObjectStore, startObjectStore } from '@writ/simulator';
import {
  type Anchor,
  type AnchoredEpoch,
  type AnchoredHead,
  anchorAll,
  anchorBucket,
  anchorFolder,
} from '@writ/worker';
import { must } from '../support/index.js';
import { eventually } from './eventually.js';

const key = logSigner(generateKeyPairSync('ed25519').privateKey);
const folders: string[] = [];
let simulated: SimulatedObjectStore;
let bucket: S3Bucket;
const problems: string[] = [];

beforeAll(async () => {
  simulated = await startObjectStore();
  bucket = must(
    s3Bucket({
      endpoint: simulated.url,
      region: 'us-east-1',
      bucket: 'evidence',
      accessKeyId: simulated.accessKeyId,
      secretAccessKey: simulated.secretAccessKey,
      allowHosts: [new URL(simulated.url).host],
    }),
  );
});
afterAll(async () => {
  await bucket.close();
  await simulated.stop();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function aFolder(): Anchor {
  const folder = mkdtempSync(join(tmpdir(), 'writ-anchor-'));
  folders.push(folder);
  return anchorFolder(folder);
}

function aBucket(prefix = `${randomUUID()}/`, store: ObjectStore = bucket): Anchor {
  return anchorBucket({
    store,
    prefix,
    lockMs: 3_600_000,
    logKeys: [key.publicKey],
    clock: systemClock,
    onProblem: (problem) => void problems.push(problem),
  });
}

const tenant = '0198a000-0000-7000-8000-00000000000a';
function aHead(slot: number, size: number, by: LogSigner = key): AnchoredHead {
  const origin = `ledger.example.org/${slot}`;
  const root = new Uint8Array(32).fill(size);
  const note = signCheckpoint({ origin, size, root }, by);
  return { tenant, slot, origin, size, root: Buffer.from(root).toString('base64'), note };
}

/** Epochs in their order, each signed over the ones before it. */
class Epochs {
  readonly #range = new CompactRange();
  #number = 0;

  next(heads: readonly AnchoredHead[], isFull: boolean, by: LogSigner = key): AnchoredEpoch {
    const frontier = Buffer.concat(this.#range.frontier()).toString('base64');
    const slotted = heads.map((head) => ({ ...head, slot: head.slot ?? 0, root: Buffer.from(head.root, 'base64') }));
    const root = headsRoot(slotted);
    const number = this.#number++;
    this.#range.append(hashEpoch(number, root));
    const note = signCheckpoint(
      { origin: 'ledger.example.org/epochs', size: number + 1, root: this.#range.root() },
      by,
    );
    return { number, root: Buffer.from(root).toString('base64'), note, frontier, isFull, heads };
  }
}

const sizes = async (anchor: Anchor): Promise<Record<string, number>> =>
  Object.fromEntries(Array.from(await anchor.newestHeads(), ([origin, { size }]) => [origin, size]));

describe.each([
  ['in a folder', aFolder],
  ['in a bucket with object lock', () => aBucket()],
  ['in both', () => anchorAll([aFolder(), aBucket()])],
])('an anchor %s', (_, open) => {
  it('is empty at first, and then gives back the newest head of every log', async () => {
    const [anchor, epochs] = [open(), new Epochs()];
    expect(await anchor.newestEpoch()).toBeUndefined();
    expect(await sizes(anchor)).toEqual({});
    await anchor.putEpoch(epochs.next([aHead(0, 3), aHead(1, 2)], true));
    await anchor.putEpoch(epochs.next([aHead(0, 5)], false));
    expect(await anchor.newestEpoch()).toBe(1);
    expect(await sizes(anchor)).toEqual({ 'ledger.example.org/0': 5, 'ledger.example.org/1': 2 });
    await anchor.close();
  });

  it('takes a number once', async () => {
    const anchor = open();
    await anchor.putEpoch(new Epochs().next([aHead(0, 3)], true));
    await expect(anchor.putEpoch(new Epochs().next([aHead(0, 4)], true))).rejects.toThrow();
    expect(await sizes(anchor)).toEqual({ 'ledger.example.org/0': 3 });
    await anchor.close();
  });

  it('knows heads that were streamed after the newest epoch', async () => {
    const anchor = open();
    await anchor.putEpoch(new Epochs().next([aHead(0, 3)], true));
    anchor.stream([aHead(0, 4)]);
    anchor.stream([aHead(0, 6), aHead(2, 1)]);
    await eventually(async () =>
      expect(await sizes(anchor)).toEqual({ 'ledger.example.org/0': 6, 'ledger.example.org/2': 1 }),
    );
    await anchor.close();
  });
});

describe("an anchor in a bucket, when somebody else holds the bucket's key", () => {
  it('still shows an epoch that was hidden by a marker or overwritten, and cannot lose it', async () => {
    const prefix = `${randomUUID()}/`;
    const anchor = aBucket(prefix);
    await anchor.putEpoch(new Epochs().next([aHead(0, 9)], true));
    const [first] = must(await bucket.versions(`${prefix}epochs/`));
    const [name, version] = [first?.key ?? '', first?.version];
    await bucket.put(name, Buffer.from('{"heads":[]}'));
    await bucket.remove(name);
    expect(await bucket.remove(name, version)).toMatchObject({ ok: false, error: { kind: 'denied' } });
    expect(await sizes(anchor)).toEqual({ 'ledger.example.org/0': 9 });
    await anchor.close();
  });

  it('ignores epochs and heads that no log key signed, also such as leave a head out', async () => {
    const prefix = `${randomUUID()}/`;
    const [anchor, epochs] = [aBucket(prefix), new Epochs()];
    await anchor.putEpoch(epochs.next([aHead(0, 9)], true));
    const thief = logSigner(generateKeyPairSync('ed25519').privateKey);
    const forged = epochs.next([], true, thief);
    const emptied = { ...epochs.next([aHead(0, 9)], true), number: 2, heads: [] };
    const put = (number: number, what: object): Promise<unknown> =>
      bucket.put(
        `${prefix}epochs/${String(999_999_999_999 - number).padStart(12, '0')}.json`,
        Buffer.from(JSON.stringify(what)),
      );
    await put(1, forged);
    await put(2, emptied);
    await bucket.put(`${prefix}heads/0.json`, Buffer.from(JSON.stringify([aHead(0, 99, thief)])));
    expect(await anchor.newestEpoch()).toBe(0);
    expect(await sizes(anchor)).toEqual({ 'ledger.example.org/0': 9 });
    expect(problems.some((problem) => problem.includes('no epoch that a log key signed'))).toBe(true);
    await anchor.close();
  });

  it('cannot be read in part: a fault of the store is a fault of the anchor', async () => {
    const anchor = aBucket();
    await anchor.putEpoch(new Epochs().next([aHead(0, 1)], true));
    simulated.failNext(503);
    await expect(anchor.newestHeads()).rejects.toThrow(/503/);
    await anchor.close();
  });
});
