import { describe, expect, it } from '@jest/globals';
import type { RecordId } from '@writ/domain';
import {
  event,
  expectGapless,
  how,
  id,
  logOf,
  payloadOf,
  settle,
  start,
  writer,
  writerKey,
} from './create-ledger.fixtures.js';
import { verifyEd25519 } from './note.js';
import { parseRecord } from './signed-record.js';
import type { AppendOutcome } from './ledger.js';
import { rawPublicKey } from './signer.js';

describe('commit', () => {
  it('answer 7: resolves to a genuine receipt only after the transaction is durable', async () => {
    const { store, ledger } = start();
    const answer = Promise.withResolvers<AppendOutcome>();
    store.script = [() => answer.promise];
    let done = false;
    const commit = ledger.commit(logOf(1), event(7), how).then((result) => {
      done = true;
      return result;
    });
    await settle();
    expect(store.calls).toHaveLength(1);
    expect(done).toBe(false);
    answer.resolve({ kind: 'durable' });
    const result = await commit;
    expect(result.ok && result.value.leafHash).toBe(
      Buffer.from(store.stored.get(id(7) as RecordId)?.leafHash ?? []).toString('hex'),
    );
  });

  it('signs every leaf with the writer key and numbers it without gap', async () => {
    const { store, ledger } = start();
    for (let n = 1; n <= 5; n += 1) await ledger.commit(logOf(1), event(n), how);
    for (const leaf of store.stored.values()) {
      const signed = parseRecord(leaf.leaf);
      expect(signed && verifyEd25519(rawPublicKey(writerKey), signed.signedBytes(), signed.signature)).toBe(true);
    }
    expectGapless(store.stored.values());
  });

  it('waits for the first writer, sends nothing before, and refuses at the deadline', async () => {
    const { store, clock, ledger } = start({}, false);
    const late = ledger.commit(logOf(1), event(1), how);
    await settle();
    await clock.advance(600);
    const inTime = ledger.commit(logOf(1), event(2), how);
    await settle();
    await clock.advance(400);
    expect(await late).toEqual({ ok: false, error: 'ledger-unavailable' });
    expect(store.calls).toEqual([]);
    ledger.replaceWriter(writer);
    expect((await inTime).ok).toBe(true);
    expect([...store.stored.keys()]).toEqual([id(2)]);
    expectGapless(store.stored.values());
  });

  it('keeps identities and content out of the leaf', async () => {
    const { store, ledger } = start();
    await ledger.commit(logOf(1), event(1), how);
    const leaf = store.stored.get(id(1) as RecordId);
    const text = leaf ? JSON.stringify(payloadOf(leaf)) : '';
    expect(text).toContain('admin.policy-published');
    expect(text).not.toContain('alice');
    expect(Buffer.from(leaf?.sealed ?? []).includes('alice')).toBe(false);
  });

  it('takes text that JSON cannot hold, so that no caller can stop its own record', async () => {
    const { store, ledger } = start();
    const result = await ledger.commit(logOf(1), { ...event(1), actor: 'a\0b\ud800' }, how);
    expect(result.ok && store.stored.size).toBe(1);
  });

  it('shares transactions between the records that wait, at most 64 each and two under way', async () => {
    const { store, ledger } = start();
    const opens: ((answer: AppendOutcome) => void)[] = [];
    const wait = () => new Promise<AppendOutcome>((resolve) => opens.push(resolve));
    store.script = [wait, wait];
    const commits = Array.from({ length: 150 }, (_, n) => ledger.commit(logOf(1), event(n), how));
    await settle();
    expect(store.calls.map((call) => call.length)).toEqual([64, 64]);
    for (const open of opens) open({ kind: 'durable' });
    await settle();
    expect(store.calls.map((call) => call.length)).toEqual([64, 64, 22]);
    expect((await Promise.all(commits)).every(({ ok }) => ok)).toBe(true);
    expectGapless(store.stored.values());
  });

  it('serves tenants in turn, so that one cannot fill a transaction', async () => {
    const { store, ledger } = start();
    const commits = [
      ...Array.from({ length: 100 }, (_, n) => ledger.commit(logOf(1), event(n), how)),
      ledger.commit(logOf(2), event(500), how),
    ];
    await settle();
    expect(store.calls[0]?.some(({ tenant }) => tenant === id(2))).toBe(true);
    await Promise.all(commits);
  });
});
