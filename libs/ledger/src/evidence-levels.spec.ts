import { describe, expect, it } from '@jest/globals';
import { limits } from '@writ/domain';
import { signCheckpoint } from './checkpoint.js';
import { cosign } from './cosignature.js';
import { event, how, keyFrom, logKey, logOf, start } from './create-ledger.fixtures.js';
import { hashEpoch, headsRoot, proveEpoch } from './epoch.js';
import type { AppendOutcome } from './ledger.js';
import { genesis, sequence } from './sequence.js';
import { rootOf } from './merkle.js';
import { parseNote, verifierKey } from './note.js';
import { logSigner } from './signer.js';
import { parseWitnessPolicy } from './witness-policy.js';

function withSequencer(wrong: (note: string) => string = (note) => note) {
  const started = start();
  const { store } = started;
  const log = logOf(1);
  store.inclusion = (_tenant, record) => {
    const { head } = genesis(log.origin, logSigner(logKey), 1);
    const done = sequence(head, [...store.stored.values()], logSigner(logKey), 2);
    if (!done.ok) throw new Error(done.error);
    return Promise.resolve(
      done.value.batch.records.includes(record)
        ? { ...done.value.batch, note: wrong(done.value.batch.note) }
        : undefined,
    );
  };
  return { ...started, log };
}

describe('the level witnessed', () => {
  const witnessKey = logSigner(keyFrom('witness'));
  const epochOrigin = 'writ.example/epochs';
  const vkey = verifierKey('w1.example', witnessKey.publicKey, 0x04);
  const witnesses = parseWitnessPolicy(`witness w1 ${vkey}\nquorum w1\n`);

  function withWitness(isCosigned: boolean) {
    const started = start(witnesses ? { witnesses } : {});
    const log = logOf(1);
    started.store.witnessed = () => {
      const { head } = genesis(log.origin, logSigner(logKey), 1);
      const stored = [...started.store.stored.values()];
      const done = sequence(head, stored, logSigner(logKey), 2);
      if (!done.ok) throw new Error(done.error);
      const heads = [{ ...done.value.head, slot: 0 }];
      const epochs = [hashEpoch(0, headsRoot(heads))];
      const note = signCheckpoint({ origin: epochOrigin, size: 1, root: rootOf(epochs) }, logSigner(logKey));
      const line = cosign(parseNote(note)?.text ?? '', 'w1.example', witnessKey, 1_790_000_000);
      return Promise.resolve({
        batch: done.value.batch,
        head: done.value.batch.note,
        consistency: [],
        epoch: proveEpoch(0, heads, 0, epochs),
        epochNote: isCosigned ? note + line : note,
      });
    };
    return { ...started, log };
  }

  it('waits for an epoch with the record in it that the quorum cosigned', async () => {
    const { ledger, log } = withWitness(true);
    const result = await ledger.commit(log, event(1), { ...how, level: 'witnessed' });
    expect(result.ok && result.value.level).toBe('witnessed');
  });

  it('refuses an epoch that nobody cosigned', async () => {
    const { ledger, log } = withWitness(false);
    expect((await ledger.commit(log, event(1), { ...how, level: 'witnessed' })).ok).toBe(false);
  });
});

describe('limits of the queue', () => {
  it('tells one tenant to slow down and serves the others', async () => {
    const { store, clock, ledger } = start();
    store.script = [
      () => new Promise<AppendOutcome>(() => undefined),
      () => new Promise<AppendOutcome>(() => undefined),
    ];
    const waiting = Array.from({ length: limits.tenantQueueRecords }, (_, n) => ledger.commit(logOf(1), event(n), how));
    expect(await ledger.commit(logOf(1), event(9_999), how)).toEqual({ ok: false, error: 'ledger-backpressure' });
    const other = ledger.commit(logOf(2), event(10_000), how);
    await clock.advance(1_000);
    expect((await other).ok).toBe(false);
    expect((await Promise.all(waiting)).every(({ ok }) => !ok)).toBe(true);
  });

  it('refuses a record above 60 KiB instead of cutting it', async () => {
    const { store, ledger } = start();
    const huge = { ...event(1), fields: { text: 'x'.repeat(60 * 1024) } };
    expect(await ledger.commit(logOf(1), huge, how)).toEqual({ ok: false, error: 'ledger-unavailable' });
    expect(store.calls).toHaveLength(0);
  });

  it.each([1.5, -0, 2 ** 53])('refuses a number that two readers could read differently: %s', async (value) => {
    const { ledger } = start();
    expect((await ledger.commit(logOf(1), { ...event(1), fields: { value } }, how)).ok).toBe(false);
  });
});

describe('the level receipted', () => {
  it('waits for a checkpoint that provably holds the record', async () => {
    const { ledger, log } = withSequencer();
    const result = await ledger.commit(log, event(1), { ...how, level: 'receipted' });
    expect(result.ok && result.value.level).toBe('receipted');
  });

  it('tells the store that somebody waits for the tree, and of no record that nobody waits for', async () => {
    const { ledger, log, store } = withSequencer();
    await ledger.commit(log, event(1), { ...how, level: 'receipted' });
    await ledger.commit(log, event(2), how);
    expect(store.calls.flat().map(({ isAwaited }) => isAwaited)).toEqual([true, undefined]);
  });

  it('refuses a checkpoint whose signature does not hold', async () => {
    const { ledger, log } = withSequencer((note) => note.replace('\n1\n', '\n2\n'));
    expect((await ledger.commit(log, event(1), { ...how, level: 'receipted' })).ok).toBe(false);
  });

  it('refuses when the store cannot prove inclusion, and for witnessed without a witness', async () => {
    const { ledger, store } = start();
    expect((await ledger.commit(logOf(1), event(1), { ...how, level: 'receipted' })).ok).toBe(false);
    expect((await ledger.commit(logOf(1), event(2), { ...how, level: 'witnessed' })).ok).toBe(false);
    expect(store.calls).toHaveLength(0);
  });
});
