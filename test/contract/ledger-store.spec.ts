import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@writ/domain';
import type { LedgerStore, StoredLeaf } from '@writ/ledger';
import { postgresLedgerStore, sequencerStore, writerRegister } from '@writ/postgres';
import { randomBytes } from 'node:crypto';
import { LedgerStoreTwin } from '../support/ledger-store-twin.js';
import { type TestDatabase, aTenantId, startDatabase } from './database.js';
import { LeafMaker, leafHashOf } from './leaves.js';

interface Subject {
  readonly store: LedgerStore;
  readonly tenant: () => Promise<TenantId>;
  readonly hold: (tenant: TenantId) => Promise<void>;
}

let database: TestDatabase;
const subjects: Record<string, Subject> = {};
const maker = new LeafMaker('gw-1');

beforeAll(async () => {
  const twin = new LedgerStoreTwin();
  subjects['twin'] = {
    store: twin,
    tenant: () => Promise.resolve(aTenantId()),
    hold: (tenant) => Promise.resolve(twin.hold(tenant)),
  };
  database = await startDatabase();
  const plane = database.plane('writ_gateway');
  await writerRegister(plane).enrol({ id: 'gw-1', kind: 'gateway', publicKey: 'key', statement: 'statement' });
  const sequencer = sequencerStore(database.plane('writ_sequencer'));
  subjects['Postgres'] = {
    store: postgresLedgerStore(plane),
    tenant: async () => (await database.tenant()).tenant,
    hold: (tenant) => sequencer.holdIntegrity(tenant, 'test'),
  };
});
afterAll(() => database.close());

/** The same record with other bytes, as only a fault or a forger makes it. */
function otherBytes(leaf: StoredLeaf): StoredLeaf {
  const bytes = Buffer.from(randomBytes(500).toString('base64url'));
  return { ...leaf, leaf: bytes, leafHash: leafHashOf(bytes) };
}

describe.each(['twin', 'Postgres'])('the ledger store: %s', (name) => {
  const subject = (): Subject => subjects[name] as Subject;

  it('finds what it called durable, by its leaf hash, and nothing else', async () => {
    const { store, tenant } = subject();
    const [here, there] = [await tenant(), await tenant()];
    const [stored, absent] = [maker.leaf(here), maker.leaf(there)];
    expect(await store.append([stored])).toEqual({ kind: 'durable' });
    expect(Buffer.from((await store.find(here, stored.record)) ?? [])).toEqual(Buffer.from(stored.leafHash));
    expect(await store.find(there, stored.record)).toBeUndefined();
    expect(await store.find(there, absent.record)).toBeUndefined();
  });

  it('takes the same bytes again as durable, so that a retry is harmless', async () => {
    const { store, tenant } = subject();
    const leaf = maker.leaf(await tenant());
    await store.append([leaf]);
    const next = maker.leaf(leaf.tenant);
    expect(await store.append([leaf, next])).toEqual({ kind: 'durable' });
    expect(await store.append([leaf])).toEqual({ kind: 'durable' });
  });

  it('refuses other bytes under a stored id, names the culprit, and stores nothing of that call', async () => {
    const { store, tenant } = subject();
    const leaf = maker.leaf(await tenant());
    await store.append([leaf]);
    const bystander = maker.leaf(await tenant());
    expect(await store.append([bystander, otherBytes(leaf)])).toEqual({
      kind: 'refused',
      because: 'conflict',
      records: [leaf.record],
    });
    expect(await store.find(bystander.tenant, bystander.record)).toBeUndefined();
    expect(await store.append([bystander])).toEqual({ kind: 'durable' });
  });

  it('refuses a log on integrity hold by name, and stores nothing of that call', async () => {
    const { store, tenant, hold } = subject();
    const [held, free] = [maker.leaf(await tenant()), maker.leaf(await tenant())];
    await hold(held.tenant);
    expect(await store.append([held, free])).toEqual({
      kind: 'refused',
      because: 'integrity-hold',
      records: [held.record],
    });
    expect(await store.find(free.tenant, free.record)).toBeUndefined();
    expect(await store.append([free])).toEqual({ kind: 'durable' });
  });
});
