import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type RecordId, parseRecordId } from '@writ/domain';
import { genesis, sequence } from './sequence.js';
import { logSigner } from './signer.js';

const key = logSigner(generateKeyPairSync('ed25519').privateKey);
const { head } = genesis('ledger.example.org/a', key, 1);

function aRecord(): RecordId {
  const parsed = parseRecordId('01990000-0000-7000-8000-000000000001');
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

const leaf = (writer: string, writerSequence: number) => ({
  record: aRecord(),
  leaf: Buffer.from(`${writer} ${writerSequence}`),
  writer,
  writerSequence,
});

describe('the order of a tree', () => {
  it("takes what each writer's lane wrote in its order, whatever the others wrote between", () => {
    const done = sequence(
      head,
      [leaf('a/1', 1), leaf('b/1', 7), leaf('a/1', 2), leaf('a/2', 1), leaf('b/1', 9)],
      key,
      2,
    );
    expect(done.ok && [...done.value.lanes]).toEqual([
      ['a/1', 2],
      ['a/2', 1],
      ['b/1', 9],
    ]);
  });

  it.each([
    ['behind a later one', [leaf('a/1', 2), leaf('a/1', 1)]],
    ['twice', [leaf('a/1', 1), leaf('b/1', 1), leaf('a/1', 1)]],
  ])('refuses a record that stands in it %s, and signs nothing', (_how, leaves) => {
    expect(sequence(head, leaves, key, 2)).toEqual({ ok: false, error: 'writer-went-back' });
  });

  it('refuses a record behind what was sequenced before', () => {
    const first = sequence(head, [leaf('a/1', 5)], key, 2);
    if (!first.ok) throw new Error(first.error);
    const { head: after, lanes } = first.value;
    expect(sequence(after, [leaf('a/1', 4)], key, 3, lanes)).toEqual({ ok: false, error: 'writer-went-back' });
    expect(sequence(after, [leaf('a/1', 6)], key, 3, lanes).ok).toBe(true);
    expect(sequence(after, [leaf('a/2', 1)], key, 3, lanes).ok).toBe(true);
  });

  it('remembers as many lanes as a log has, and forgets those that wrote longest ago', () => {
    const many = Array.from({ length: 300 }, (_, n) => leaf(`w${n}/1`, 1));
    const done = sequence(head, [...many, leaf('w44/1', 2)], key, 2);
    expect(done.ok && done.value.lanes.size).toBe(256);
    expect(done.ok && done.value.lanes.get('w44/1')).toBe(2);
    expect(done.ok && done.value.lanes.has('w43/1')).toBe(false);
  });
});
