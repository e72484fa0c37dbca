import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type PostToWitness,
  type WitnessEndpoint,
  consistencyProof,
  gatherCosignatures,
  hashEpoch,
  logSigner,
  rootOf,
  signCheckpoint,
} from '@writ/ledger';
import { WitnessTwin } from '../support/witness-twin.js';

const keyOf = () => logSigner(generateKeyPairSync('ed25519').privateKey);
const key = keyOf();
const origin = 'writ.example/epochs';
const epochs = Array.from({ length: 30 }, (_, number) => hashEpoch(number, rootOf([])));
const twins = ['w1.example', 'w2.example'].map(
  (name) => new WitnessTwin(name, keyOf(), { [origin]: [key.publicKey] }, () => 1_790_000_000),
);
let witnesses: readonly WitnessEndpoint[] = [];

beforeAll(async () => {
  witnesses = await Promise.all(twins.map((twin) => twin.open()));
});
afterAll(() => Promise.all(twins.map((twin) => twin.close())));

const post: PostToWitness = async (url, body) => {
  const answer = await fetch(url, { method: 'POST', body });
  return {
    status: answer.status,
    contentType: answer.headers.get('content-type') ?? '',
    body: await answer.text(),
  };
};

const checkpointOf = (size: number, leaves = epochs) => ({
  size,
  note: signCheckpoint({ origin, size, root: rootOf(leaves.slice(0, size)) }, key),
});
const gather = (size: number, lastSizes: Map<string, number>, leaves = epochs) =>
  gatherCosignatures(
    checkpointOf(size, leaves),
    witnesses,
    (old) => consistencyProof(old, leaves.slice(0, size)),
    lastSizes,
    post,
  );

describe('witnesses over HTTP', () => {
  it('cosign a log as it grows, also after we forgot where they stand', async () => {
    const lastSizes = new Map<string, number>();
    expect((await gather(7, lastSizes)).cosigners).toEqual(['w1.example', 'w2.example']);
    expect((await gather(12, lastSizes)).cosigners).toEqual(['w1.example', 'w2.example']);
    expect((await gather(20, new Map())).cosigners).toEqual(['w1.example', 'w2.example']);
  });

  it('raise an alarm at a fork and at a rewind, and cosign neither', async () => {
    const fork = epochs.with(3, hashEpoch(3, new Uint8Array(32)));
    const forked = await gather(25, new Map(), fork);
    expect(forked.cosigners).toEqual([]);
    expect(forked.problems.every(({ alarm }) => alarm)).toBe(true);
    expect((await gather(19, new Map())).problems.every(({ alarm }) => alarm)).toBe(true);
  });

  it('hold up nobody when they are out', async () => {
    await twins[1]?.close();
    const gathered = await gather(26, new Map());
    expect(gathered.cosigners).toEqual(['w1.example']);
    expect(gathered.problems).toMatchObject([{ witness: 'w2.example', alarm: false }]);
  });
});
