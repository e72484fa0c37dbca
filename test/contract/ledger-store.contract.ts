import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId } from '@writ/domain';
import { type LedgerStore, type LogSigner, provesInclusion } from '@writ/ledger';
import { LeafMaker, aRecordId } from './leaves.js';

/** One implementation of the ledger's store, with what the suite needs to bring about. */
export interface LedgerStoreUnderTest {
  readonly store: LedgerStore;
  /** An enrolled writer. */
  readonly writer: string;
  readonly logKey: LogSigner;
  tenant(): Promise<TenantId>;
  originOf(tenant: TenantId): string;
  hold(tenant: TenantId): Promise<void>;
  sequence(): Promise<void>;
  close(): Promise<void>;
}

/** What the ledger relies on, whoever implements it. */
export function ledgerStoreContract(name: string, open: () => Promise<LedgerStoreUnderTest>): void {
  describe(`the ledger store ${name}`, () => {
    let under: LedgerStoreUnderTest;
    let maker: LeafMaker;
    beforeAll(async () => {
      under = await open();
      maker = new LeafMaker(under.writer);
    });
    afterAll(() => under.close());

    it('finds by its leaf hash what it said was durable, in every tenant of the batch', async () => {
      const leaves = await Promise.all([under.tenant(), under.tenant()]).then((tenants) =>
        tenants.flatMap((tenant) => [maker.leaf(tenant), maker.leaf(tenant)]),
      );
      expect(await under.store.append(leaves)).toEqual({ kind: 'durable' });
      for (const leaf of leaves) expect(hex(await under.store.find(leaf.tenant, leaf.record))).toBe(hex(leaf.leafHash));
    });

    it('is certain that a record is absent, in a tenant that has it not', async () => {
      const [one, other] = [await under.tenant(), await under.tenant()];
      const leaf = maker.leaf(one);
      await under.store.append([leaf]);
      expect(await under.store.find(other, leaf.record)).toBeUndefined();
      expect(await under.store.find(one, aRecordId())).toBeUndefined();
    });

    it('takes the same bytes again for the same record', async () => {
      const leaf = maker.leaf(await under.tenant());
      expect(await under.store.append([leaf])).toEqual({ kind: 'durable' });
      expect(await under.store.append([leaf])).toEqual({ kind: 'durable' });
      expect(await under.store.append([leaf, maker.leaf(leaf.tenant)])).toEqual({ kind: 'durable' });
    });

    it('row 38: refuses other bytes for the same record, names it, and stores nothing of that batch', async () => {
      const tenant = await under.tenant();
      const first = maker.leaf(tenant);
      await under.store.append([first]);
      const [forged, innocent] = [{ ...maker.leaf(tenant), record: first.record }, maker.leaf(tenant)];
      expect(await under.store.append([innocent, forged])).toEqual({
        kind: 'refused',
        because: 'conflict',
        records: [first.record],
      });
      expect(hex(await under.store.find(tenant, first.record))).toBe(hex(first.leafHash));
      expect(await under.store.find(tenant, innocent.record)).toBeUndefined();
    });

    it('refuses the records of a log on integrity hold, and takes the others without them', async () => {
      const [held, free] = [await under.tenant(), await under.tenant()];
      await under.hold(held);
      const [stopped, innocent] = [maker.leaf(held), maker.leaf(free)];
      expect(await under.store.append([stopped, innocent])).toEqual({
        kind: 'refused',
        because: 'integrity-hold',
        records: [stopped.record],
      });
      expect(await under.store.find(free, innocent.record)).toBeUndefined();
      expect(await under.store.append([innocent])).toEqual({ kind: 'durable' });
    });

    it('says of a record alone what it says of one beside others', async () => {
      const [tenant, held] = [await under.tenant(), await under.tenant()];
      await under.hold(held);
      const first = maker.leaf(tenant);
      expect(await under.store.append([first])).toEqual({ kind: 'durable' });
      const refused = { kind: 'refused', because: 'conflict', records: [first.record] };
      const forged = { ...maker.leaf(tenant), record: first.record };
      expect(await under.store.append([forged])).toEqual(refused);
      expect(await under.store.append([forged, maker.leaf(tenant)])).toEqual(refused);
      const stopped = maker.leaf(held);
      const onHold = { kind: 'refused', because: 'integrity-hold', records: [stopped.record] };
      expect(await under.store.append([stopped])).toEqual(onHold);
      expect(await under.store.append([stopped, maker.leaf(tenant)])).toEqual(onHold);
      expect(hex(await under.store.find(tenant, first.record))).toBe(hex(first.leafHash));
      expect(await under.store.find(held, stopped.record)).toBeUndefined();
    });

    it('shows the tree batch of a record once it is sequenced, signed and leading to the record', async () => {
      const tenant = await under.tenant();
      const leaves = [maker.leaf(tenant), maker.leaf(tenant), maker.leaf(tenant)];
      await under.store.append(leaves);
      await under.sequence();
      for (const leaf of leaves) {
        const evidence = await under.store.inclusion?.(tenant, leaf.record, 1_000);
        expect(
          evidence && provesInclusion(evidence, under.originOf(tenant), leaf.leafHash, [under.logKey.publicKey]),
        ).toBe(true);
      }
    });

    it('has nothing to do for an empty batch', async () => {
      expect(await under.store.append([])).toEqual({ kind: 'durable' });
    });
  });
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex');
}
