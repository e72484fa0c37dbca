import { describe, expect, it } from '@jest/globals';
import { limits } from '@writ/domain';
import { event, how, logKey, logOf, start } from './create-ledger.fixtures.js';
import type { AppendOutcome } from './ledger.js';
import { genesis, sequence } from './sequence.js';
import { logSigner } from './signer.js';

function withSequencer(wrong: (note: string) => string = (note) => note) {
  const started = start();
  const { store } = started;
  const log = logOf(1);
  store.inclusion = (_tenant, record) => {
    const { head } = genesis(log.origin, logSigner(logKey), 1);
    const leaves = [...store.stored.values()].map(({ record: one, leaf }) => ({ record: one, leaf }));
    const done = sequence(head, leaves, logSigner(logKey), 2);
    if (!done.ok) throw new Error(done.error);
    return Promise.resolve(
      done.value.batch.records.includes(record)
        ? { ...done.value.batch, note: wrong(done.value.batch.note) }
        : undefined,
    );
  };
  return { ...started, log };
}

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
