import { describe, expect, it } from '@jest/globals';
import { keyFrom } from './bundle/log.fixtures.js';
import { concat, utf8 } from './bytes.js';
import { signCheckpoint } from './checkpoint.js';
import { CompactRange, consistencyProof, hashLeaf, inclusionProof, rootOf } from './merkle.js';
import { verifierKey } from './note.js';
import { logSigner } from './signer.js';
import { parseWitnessPolicy, witnessFrom } from './witness-policy.js';
import {
  type WitnessedTree,
  addCheckpointRequest,
  answerAddCheckpoint,
  consistencySince,
  inclusionSince,
  readWitnessAnswer,
} from './witness-protocol.js';

const key = logSigner(keyFrom('epoch'));
const witness = { name: 'witness.example/w1', key: logSigner(keyFrom('w1')), seconds: 1_790_000_000 };
const asKnown = { name: witness.name, publicKey: witness.key.publicKey };
const origin = 'writ.example/epochs';
const leaves = Array.from({ length: 40 }, (_, n) => hashLeaf(utf8(`epoch ${n}`)));
const noteOf = (size: number, signer = key, of = leaves) =>
  signCheckpoint({ origin, size, root: rootOf(of.slice(0, size)) }, signer);
const ask = (request: string, last?: WitnessedTree) =>
  answerAddCheckpoint(request, (asked) => (asked === origin ? { keys: [key.publicKey], last } : undefined), witness);
const lastAt = (size: number): WitnessedTree => ({ size, root: rootOf(leaves.slice(0, size)) });

describe('a consistency proof from a frontier', () => {
  it('is the one of RFC 6962, for every pair of sizes', () => {
    for (let first = 0; first <= leaves.length; first += 1) {
      const range = new CompactRange();
      for (const leaf of leaves.slice(0, first)) range.append(leaf);
      const frontier = Buffer.concat(range.frontier());
      for (let second = first; second <= leaves.length; second += 3) {
        expect(consistencySince(first, frontier, leaves.slice(first, second))).toEqual(
          consistencyProof(first, leaves.slice(0, second)),
        );
      }
    }
  });
});

describe('a witness', () => {
  it('cosigns what extends the tree that it cosigned last', () => {
    const note = noteOf(20);
    const reply = ask(addCheckpointRequest(13, consistencyProof(13, leaves.slice(0, 20)), note), lastAt(13));
    expect(reply.status).toBe(200);
    expect(reply.next?.size).toBe(20);
    expect(readWitnessAnswer(reply, note, asKnown)).toMatchObject({ kind: 'cosigned', seconds: witness.seconds });
  });

  it('begins with any signed tree', () => {
    expect(ask(addCheckpointRequest(0, [], noteOf(5))).status).toBe(200);
  });

  it('tells where it stands when asked from another size', () => {
    const reply = ask(addCheckpointRequest(0, [], noteOf(20)), lastAt(13));
    expect(readWitnessAnswer(reply, noteOf(20), asKnown)).toEqual({ kind: 'elsewhere', size: 13 });
  });

  it('refuses a fork, a rewind, a strange key and a strange log', () => {
    const forked = [...leaves.slice(0, 12), hashLeaf(utf8('fork')), ...leaves.slice(13)];
    const proof = consistencyProof(13, leaves.slice(0, 20));
    expect(ask(addCheckpointRequest(13, proof, noteOf(20, key, forked)), lastAt(13)).status).toBe(422);
    expect(ask(addCheckpointRequest(13, [], noteOf(13, key, forked)), lastAt(13)).status).toBe(409);
    expect(ask(addCheckpointRequest(13, [], noteOf(5)), lastAt(13)).status).toBe(400);
    expect(ask(addCheckpointRequest(5, [], noteOf(5)), lastAt(13)).status).toBe(409);
    expect(ask(addCheckpointRequest(0, [], noteOf(5, logSigner(keyFrom('other'))))).status).toBe(403);
    expect(ask(addCheckpointRequest(0, [], noteOf(5).replaceAll(origin, 'other.example/log'))).status).toBe(404);
  });

  it.each(['', 'old 1', 'old 01\n\nx', 'old 1\nAAAA\n\nnothing', 'new 1\n\n'])(
    'refuses what is no request: %j',
    (request) => {
      expect(ask(request).status).toBe(400);
    },
  );

  it('is believed only when its cosignature verifies', () => {
    const note = noteOf(20);
    const stranger = { ...asKnown, publicKey: key.publicKey };
    const reply = ask(addCheckpointRequest(0, [], note));
    expect(readWitnessAnswer(reply, note, stranger)).toEqual({ kind: 'refused', status: 200 });
    expect(readWitnessAnswer(reply, noteOf(19), asKnown)).toEqual({ kind: 'refused', status: 200 });
  });
});

const vkey = (name: string) => verifierKey(`${name}.example`, logSigner(keyFrom(name)).publicKey, 0x04);

describe('a witness policy', () => {
  const three = ['a', 'b', 'c'].map((name) => `witness ${name} ${vkey(name)}\n`).join('');

  it('counts as its groups say', () => {
    const policy = parseWitnessPolicy(`# who must see it\n${three}group two 2 a b c\nquorum two\n`);
    expect(policy?.isQuorum(new Set(['a.example']))).toBe(false);
    expect(policy?.isQuorum(new Set(['a.example', 'c.example']))).toBe(true);
  });

  it.each([
    ['no quorum', three],
    ['two quorums', `${three}quorum a\nquorum b\n`],
    ['an unknown member', `${three}group g any a d\nquorum g\n`],
    ['a member twice', `${three}group g 2 a a\nquorum g\n`],
    ['a member of two groups', `${three}group g any a b\ngroup h any a\nquorum g\n`],
    ['a threshold too high', `${three}group g 4 a b c\nquorum g\n`],
    ['a witness twice', `${three}witness d ${vkey('a')}\nquorum a\n`],
    ['a word of its own', `${three}quorum a\nexcept b\n`],
  ])('is refused with %s', (_name, text) => {
    expect(parseWitnessPolicy(text)).toBeUndefined();
  });

  it('knows witnesses by a key of type 0x04 whose id is right', () => {
    expect(witnessFrom(vkey('a'))?.name).toBe('a.example');
    expect(witnessFrom(vkey('a').replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toBeUndefined();
    expect(witnessFrom(verifierKey('a.example', key.publicKey))).toBeUndefined();
  });
});

describe('an inclusion proof from a compact range', () => {
  it('is the one that RFC 6962 makes from all leaves', () => {
    for (let first = 0; first < 33; first += 1) {
      const range = new CompactRange();
      for (const leaf of leaves.slice(0, first)) range.append(leaf);
      for (let size = first + 1; size <= 40; size += 3)
        for (let index = first; index < size; index += 1)
          expect(inclusionSince(index, first, concat(range.frontier()), leaves.slice(first, size))).toEqual(
            inclusionProof(index, leaves.slice(0, size)),
          );
    }
  });
});
