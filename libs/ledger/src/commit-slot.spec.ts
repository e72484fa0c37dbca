import { describe, expect, it } from '@jest/globals';
import { type RecordId, type RequestId, limits } from '@writ/domain';
import { decision } from './bundle/log.fixtures.js';
import {
  event,
  expectGapless,
  how,
  id,
  logOf,
  outcome,
  payloadOf,
  settle,
  start,
  writerKey,
} from './create-ledger.fixtures.js';
import type { AppendOutcome } from './ledger.js';
import { writerSigner } from './signer.js';

describe('commit against a failing store', () => {
  it('sends the same bytes again after a failure, and no gap remains', async () => {
    const { store, clock, ledger } = start();
    store.script = [() => ({ kind: 'not-persisted', cause: 'down' })];
    const commit = ledger.commit(logOf(1), event(1), how);
    await settle();
    await clock.advance(100);
    expect((await commit).ok).toBe(true);
    expect(store.calls).toHaveLength(2);
    expect(store.calls[1]).toEqual(store.calls[0]);
  });

  it.each([true, false])('resolves an unknown outcome by reading (persisted: %s)', async (persisted) => {
    const { store, clock, ledger } = start();
    store.script = [
      (leaves) => {
        if (persisted) store.keep(leaves);
        throw new Error('the connection broke');
      },
    ];
    const commit = ledger.commit(logOf(1), event(1), how);
    await settle();
    await clock.advance(100);
    expect((await commit).ok).toBe(true);
    expect(store.calls).toHaveLength(persisted ? 1 : 2);
    expect(store.stored.size).toBe(1);
  });

  it('neither resolves nor sends again while an unknown outcome cannot be read', async () => {
    const { store, clock, ledger } = start();
    store.script = [
      () => ({ kind: 'unknown', cause: 'answer lost' }),
      () => ({ kind: 'unknown', cause: 'answer lost' }),
    ];
    store.findFails = 100;
    const commit = ledger.commit(logOf(1), event(1), how);
    await settle();
    await clock.advance(1_000);
    expect(await commit).toEqual({ ok: false, error: 'ledger-unavailable' });
  });

  it('refuses at the deadline, and an unsent record leaves no hole in the chain', async () => {
    const { store, clock, ledger } = start();
    const opens: (() => void)[] = [];
    const wait = () => new Promise<AppendOutcome>((resolve) => opens.push(() => resolve({ kind: 'durable' })));
    store.script = [wait, wait];
    const first = ledger.commit(logOf(1), outcome(1), { ...how, deadlineMs: 5_000 });
    await settle();
    const second = ledger.commit(logOf(1), outcome(2), { ...how, deadlineMs: 5_000 });
    await settle();
    const expired = ledger.commit(logOf(1), event(3), how);
    const patient = ledger.commit(logOf(1), outcome(4), { ...how, deadlineMs: 5_000 });
    await clock.advance(1_000);
    expect(await expired).toEqual({ ok: false, error: 'ledger-unavailable' });
    for (const open of opens) open();
    expect((await Promise.all([first, second, patient])).every(({ ok }) => ok)).toBe(true);
    expect(store.stored.has(id(3) as RecordId)).toBe(false);
    expectGapless(store.stored.values());
  });

  it('answer 6: refuses the tenant on integrity hold and commits the others without a gap', async () => {
    const { store, ledger, alarms } = start();
    store.script = [
      (leaves) => ({
        kind: 'refused',
        because: 'integrity-hold',
        records: leaves.filter(({ tenant }) => tenant === id(1)).map(({ record }) => record),
      }),
    ];
    const held = ledger.commit(logOf(1), event(1), how);
    const free = ledger.commit(logOf(2), event(2), how);
    expect(await held).toEqual({ ok: false, error: 'ledger-integrity-hold' });
    expect((await free).ok).toBe(true);
    expect(alarms.map(({ kind }) => kind)).toContain('integrity-hold');
    expectGapless(store.stored.values());
  });

  it('refuses everything once the writer is refused, until a new writer is enrolled', async () => {
    const { store, ledger, alarms } = start();
    store.script = [
      (leaves) => ({ kind: 'refused', because: 'writer-refused', records: leaves.map(({ record }) => record) }),
    ];
    expect((await ledger.commit(logOf(1), event(1), how)).ok).toBe(false);
    expect((await ledger.commit(logOf(1), event(2), how)).ok).toBe(false);
    expect(store.calls).toHaveLength(1);
    expect(alarms).toEqual([{ kind: 'writer-refused', writer: 'gw-1' }]);
    ledger.replaceWriter(writerSigner('gw-2', writerKey));
    expect((await ledger.commit(logOf(1), event(3), how)).ok).toBe(true);
    expect([...store.stored.values()][0]?.writer).toMatch(/^gw-2\//);
  });

  it('opens a new lane when a conflict follows an outcome in doubt', async () => {
    const { store, clock, ledger } = start();
    expect((await ledger.commit(logOf(1), event(1), how)).ok).toBe(true);
    store.script = [
      () => new Promise<AppendOutcome>(() => undefined),
      () => ({ kind: 'not-persisted', cause: 'down' }),
      (leaves) => ({ kind: 'refused', because: 'conflict', records: [leaves[0]?.record as RecordId] }),
    ];
    void ledger.commit(logOf(9), event(9), how);
    await settle();
    const commits = [ledger.commit(logOf(1), event(2), how), ledger.commit(logOf(1), event(3), how)];
    await settle();
    await clock.advance(100);
    expect((await Promise.all(commits)).map(({ ok }) => ok)).toEqual([false, true]);
    expect(expectGapless(store.stored.values())).toBe(2);
  });

  it('answer 3: refuses decisions at once while the store has failed for a second, and serves again when it is back', async () => {
    const { store, clock, ledger } = start();
    store.script = Array.from({ length: 200 }, () => () => ({ kind: 'not-persisted', cause: 'down' }) as const);
    const first = ledger.commit(logOf(1), event(1), how);
    await settle();
    const second = ledger.commit(logOf(1), event(2), how);
    for (let turn = 0; turn < 12; turn += 1) await clock.advance(100);
    expect([(await first).ok, (await second).ok]).toEqual([false, false]);
    store.script = [];
    await clock.advance(1_000);
    expect((await ledger.commit(logOf(1), event(3), how)).ok).toBe(true);
    expectGapless(store.stored.values());
  });
});

const down = () => ({ kind: 'not-persisted', cause: 'down' }) as const;

describe('what is owed to a decision', () => {
  const patience = { level: 'committed', deadlineMs: 5_000 } as const;

  it('is a closing outcome when a permit became durable after its caller was refused', async () => {
    const { store, clock, ledger } = start();
    store.script = Array.from({ length: 8 }, () => down);
    const permit = decision(id(1), id(2) as RequestId, 1, 'permit', clock.now);
    const refused = ledger.commit(logOf(1), permit, how);
    for (let turn = 0; turn < 60; turn += 1) await clock.advance(100);
    expect((await refused).ok).toBe(false);
    await ledger.drained();
    const [stored, closing] = [...store.stored.values()];
    expect(closing && payloadOf(closing)).toMatchObject({
      result: 'not-dispatched',
      late: true,
      decisionLeaf: Buffer.from(stored?.leafHash ?? []).toString('hex'),
    });
    expectGapless(store.stored.values());
  });

  it('is its outcome, late, when the answer was destroyed because the ledger was out', async () => {
    const { store, clock, ledger } = start();
    const opens: (() => void)[] = [];
    const wait = () => new Promise<AppendOutcome>((resolve) => opens.push(() => resolve({ kind: 'durable' })));
    store.script = [wait, wait];
    const busy = [1, 2].map((n) => ledger.commit(logOf(1), event(n), { ...patience, deadlineMs: 60_000 }));
    await settle();
    const late = ledger.commit(logOf(1), outcome(3), patience);
    await clock.advance(5_000);
    expect((await late).ok).toBe(false);
    for (const open of opens) open();
    await Promise.all(busy);
    await ledger.drained();
    const stored = store.stored.get(id(3) as RecordId);
    expect(stored && payloadOf(stored)).toMatchObject({ late: true, released: false });
    expectGapless(store.stored.values());
  });

  it('step 1: is the bare fact when the queue has no room for the outcome', async () => {
    const { store, ledger } = start();
    const gate = Promise.withResolvers<AppendOutcome>();
    store.script = [() => gate.promise, () => gate.promise];
    const waiting = Array.from({ length: limits.tenantOwedRecords }, (_, n) =>
      ledger.commit(logOf(1), outcome(n), patience),
    );
    expect(await ledger.commit(logOf(1), outcome(9_999), patience)).toEqual({
      ok: false,
      error: 'ledger-backpressure',
    });
    gate.resolve({ kind: 'durable' });
    await Promise.all(waiting);
    await ledger.drained();
    const stored = store.stored.get(id(9_999) as RecordId);
    expect(stored && payloadOf(stored)).toMatchObject({ result: 'ledger-unavailable', late: true });
  });
});
