import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext } from '@writ/domain';
import { type LedgerStore, logSigner, openCheckpoint, provesInclusion, rootOf } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { originOf, postgresLedgerStore, schemaOf, sequencerStore, writerRegister } from '@writ/postgres';
import { type Anchor, Sequencer, anchorFolder, passStartGate, takeEpoch } from '@writ/worker';
import type { Client } from 'pg';
import { type TestDatabase, startDatabase } from './database.js';
import { LeafMaker } from './leaves.js';
import { appendAsBefore } from './older-release.js';

const key = logSigner(generateKeyPairSync('ed25519').privateKey);
let database: TestDatabase;
let store: LedgerStore;
let maker: LeafMaker;
let admin: Client;
const folders: string[] = [];

beforeAll(async () => {
  database = await startDatabase();
  const gateway = database.plane('writ_gateway');
  await writerRegister(gateway).enrol({ id: 'gw-1', kind: 'gateway', publicKey: 'key', statement: 'statement' });
  store = postgresLedgerStore(gateway);
  maker = new LeafMaker('gw-1');
  admin = await database.session('postgres');
});
afterAll(async () => {
  await database.close();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

describe('the sequencer', () => {
  it('makes every committed record provable by the tree and checkpoint that it stored', async () => {
    const tenant = await database.tenant();
    const leaves = Array.from({ length: 5 }, () => maker.leaf(tenant.tenant));
    await store.append(leaves);
    const { sequencer } = aSequencer();
    expect(await sequencer.tick()).toEqual({ kind: 'committed', leaves: 5 });
    const more = maker.leaf(tenant.tenant);
    await store.append([more]);
    expect(await sequencer.tick()).toEqual({ kind: 'committed', leaves: 1 });
    expect(await sequencer.tick()).toEqual({ kind: 'idle' });
    const origin = (await originOf(database.plane('writ_gateway'), tenant.tenant)) ?? '';
    for (const leaf of [...leaves, more]) {
      const evidence = await store.inclusion?.(tenant.tenant, leaf.record, 0);
      expect(evidence && provesInclusion(evidence, origin, leaf.leafHash, [key.publicKey])).toBe(true);
    }
    const batches = await batchesOf(tenant);
    expect(batches.map(({ first_idx, size_after }) => [first_idx, size_after])).toEqual([
      ['-1', '0'],
      ['0', '5'],
      ['5', '6'],
    ]);
    expect(batches.at(-1)?.root).toEqual(Buffer.from(rootOf([...leaves, more].map(({ leafHash }) => leafHash))));
    expect(openCheckpoint(batches.at(-1)?.note ?? '', [key.publicKey])).toMatchObject({ origin, size: 6 });
  });

  it('sequences nothing before what a killed sequencer had taken, while its transaction is still open', async () => {
    const tenant = await database.tenant();
    const early = [maker.leaf(tenant.tenant), maker.leaf(tenant.tenant)];
    await store.append(early);
    const dead = await database.session('writ_sequencer');
    await dead.query('BEGIN');
    expect((await dead.query('SELECT record_id FROM ledger.take(0::smallint, 1024)')).rowCount).toBe(2);
    const late = maker.leaf(tenant.tenant);
    await store.append([late]);
    const { sequencer } = aSequencer();
    expect((await sequencer.tick()).kind).toBe('failed');
    await dead.query('ROLLBACK');
    expect(await sequencer.tick()).toEqual({ kind: 'committed', leaves: 3 });
    const root = rootOf([...early, late].map(({ leafHash }) => leafHash));
    expect((await batchesOf(tenant)).at(-1)?.root).toEqual(Buffer.from(root));
  });

  it('resumes from the stored tree after a restart', async () => {
    const tenant = await database.tenant();
    const all = [];
    for (let n = 0; n < 3; n += 1) {
      const leaf = maker.leaf(tenant.tenant);
      all.push(leaf.leafHash);
      await store.append([leaf]);
      expect(await aSequencer().sequencer.tick()).toEqual({ kind: 'committed', leaves: 1 });
    }
    expect((await batchesOf(tenant)).at(-1)?.root).toEqual(Buffer.from(rootOf(all)));
  });

  it('row 26: loses nothing and forks nothing when two run at once', async () => {
    const tenants = await Promise.all([database.tenant(), database.tenant()]);
    const sequencers = [aSequencer().sequencer, aSequencer().sequencer];
    const hashes = new Map(tenants.map(({ tenant }) => [tenant, new Set<string>()]));
    const races: string[] = [];
    let writing = true;
    const write = async (): Promise<void> => {
      for (let n = 0; n < 60; n += 1) {
        const leaves = tenants.map(({ tenant }) => maker.leaf(tenant));
        for (const leaf of leaves) hashes.get(leaf.tenant)?.add(Buffer.from(leaf.leafHash).toString('hex'));
        expect(await store.append(leaves)).toEqual({ kind: 'durable' });
      }
      writing = false;
    };
    const run = async (sequencer: Sequencer): Promise<void> => {
      for (;;) {
        const outcome = await sequencer.tick();
        if (outcome.kind === 'lost-race') races.push(outcome.cause);
        if (outcome.kind === 'idle' && !writing) return;
      }
    };
    await Promise.all([write(), ...sequencers.map(run)]);
    for (const tenant of tenants) {
      const batches = await batchesOf(tenant);
      const inTree = batches.flatMap(({ leaf_hashes }) =>
        Array.from({ length: leaf_hashes.length / 32 }, (_, at) => leaf_hashes.subarray(at * 32, at * 32 + 32)),
      );
      expect(new Set(inTree.map((hash) => hash.toString('hex')))).toEqual(hashes.get(tenant.tenant));
      expect(inTree).toHaveLength(60);
      expect(batches.at(-1)?.root).toEqual(Buffer.from(rootOf(inTree)));
    }
  });

  it('puts a log on integrity hold when a committed record is gone before it was sequenced, and serves the others', async () => {
    const [robbed, other] = [await database.tenant(), await database.tenant()];
    const gone = maker.leaf(robbed.tenant);
    await store.append([gone]);
    await admin.query(`ALTER TABLE ${schemaOf(robbed.tenant)}.record DISABLE TRIGGER ALL`);
    await admin.query(`DELETE FROM ${schemaOf(robbed.tenant)}.record WHERE record_id = $1`, [gone.record]);
    const { sequencer } = aSequencer();
    expect(await sequencer.tick()).toMatchObject({ kind: 'failed' });
    const late = maker.leaf(robbed.tenant);
    expect(await store.append([late])).toEqual({ kind: 'refused', because: 'integrity-hold', records: [late.record] });
    expect(await store.append([maker.leaf(other.tenant)])).toEqual({ kind: 'durable' });
    expect(await sequencer.tick()).toEqual({ kind: 'committed', leaves: 1 });
  });
});

describe('where many logs wait', () => {
  const anHour = 3_600_000;

  it('a log gathers, unless somebody waits for it, or much of it does, or long', async () => {
    const tenants = await Promise.all(Array.from({ length: 4 }, () => database.tenant()));
    const [quiet, awaited, busy, old] = tenants.map(({ tenant }) => tenant);
    if (!quiet || !awaited || !busy || !old) throw new Error('four tenants');
    const early = maker.leaf(awaited);
    const [asked, few] = [{ ...maker.leaf(awaited), isAwaited: true as const }, maker.leaf(quiet)];
    const many = [maker.leaf(busy), maker.leaf(busy), maker.leaf(busy)];
    const waited = maker.leaf(old);
    await store.append([early, few, ...many, waited]);
    await store.append([asked]);
    await admin.query(`UPDATE ledger.pending SET arrived_at = now() - interval '2 hours' WHERE record_id = $1`, [
      waited.record,
    ]);
    const taken = await due(anHour, 0, 3);
    expect(new Set(taken)).toEqual(new Set([early, asked, ...many, waited].map(({ record }) => record)));
    // Whoever is waited for stands behind what came before it in its log.
    expect(taken.indexOf(early.record)).toBeLessThan(taken.indexOf(asked.record));
    expect(await due(anHour, 100, 1_000)).toContain(few.record);
    expect(await due(0, 0, 1_000)).toContain(few.record);
    while ((await aSequencer().sequencer.tick()).kind !== 'idle');
  });

  it('nothing is gathered for a process of the release before, which cannot say who waits', async () => {
    const { tenant } = await database.tenant();
    const leaf = maker.leaf(tenant);
    const gateway = await database.session('writ_gateway');
    await appendAsBefore(gateway, [leaf]);
    expect(await due(anHour, 0, 1_000)).toContain(leaf.record);
    await aSequencer().sequencer.tick();
  });
});

describe('a log whose stored head contradicts itself', () => {
  it('goes on integrity hold, and does not stop the others of its shard', async () => {
    const [broken, other] = [await database.tenant(), await database.tenant()];
    await store.append([maker.leaf(broken.tenant), maker.leaf(other.tenant)]);
    await aSequencer().sequencer.tick();
    const schema = schemaOf(broken.tenant);
    await admin.query(`ALTER TABLE ${schema}.batch DISABLE TRIGGER ALL`);
    await admin.query(`UPDATE ${schema}.batch SET root = $1 WHERE first_idx = 0`, [Buffer.alloc(32, 7)]);
    await store.append([maker.leaf(broken.tenant), maker.leaf(other.tenant)]);
    const { sequencer } = aSequencer();
    expect(await sequencer.tick()).toMatchObject({ kind: 'failed' });
    expect(await sequencer.tick()).toEqual({ kind: 'committed', leaves: 1 });
    expect(await store.append([maker.leaf(broken.tenant)])).toMatchObject({ because: 'integrity-hold' });
  });
});

describe('the tree', () => {
  it('refuses a fork, a gap and a frontier of the wrong length, whoever inserts it', async () => {
    const tenant = await database.tenant();
    await store.append([maker.leaf(tenant.tenant)]);
    await aSequencer().sequencer.tick();
    const insert = (first: number, after: number, frontier: number): Promise<unknown> =>
      admin.query(
        `INSERT INTO ${schemaOf(tenant.tenant)}.batch (tenant_id, first_idx, size_after, leaf_hashes, record_ids, frontier, root, note, seq_ts, tick)
         VALUES ($1, $2, $3, $4, ARRAY[gen_random_uuid()], $5, $6, 'note', now(), 1)`,
        [tenant.tenant, first, after, Buffer.alloc(32), Buffer.alloc(32 * frontier), Buffer.alloc(32)],
      );
    await expect(insert(0, 1, 0)).rejects.toMatchObject({ code: '23505' });
    await expect(insert(2, 3, 1)).rejects.toMatchObject({ code: '23503' });
    await expect(insert(1, 2, 2)).rejects.toMatchObject({ code: '23514' });
    await expect(insert(1, 2, 1)).resolves.toBeDefined();
  });
});

describe('the start-up gate', () => {
  it('stops a log whose tree was rewound before another signature, and lets the others go on', async () => {
    const [rewound, honest] = [await database.tenant(), await database.tenant()];
    const { sequencer, anchor } = aSequencer();
    const schema = schemaOf(rewound.tenant);
    await store.append([maker.leaf(rewound.tenant), maker.leaf(honest.tenant)]);
    await sequencer.tick();
    await store.append([maker.leaf(rewound.tenant)]);
    await sequencer.tick();
    await takeEpoch(
      {
        store: sequencerStore(database.plane('writ_sequencer')),
        anchor,
        key,
        logKeys: [key.publicKey],
        origin: 'ledger.example.org/epochs',
      },
      new Map(),
    );
    await admin.query(`ALTER TABLE ${schema}.batch DISABLE TRIGGER ALL`);
    await admin.query(`DELETE FROM ${schema}.batch WHERE first_idx = 1`);
    await store.append([maker.leaf(rewound.tenant), maker.leaf(honest.tenant)]);
    const again = aSequencer(anchor).sequencer;
    expect(await again.tick()).toEqual({ kind: 'committed', leaves: 1 });
    expect((await batchesOf(rewound)).at(-1)?.size_after).toBe('1');
    expect((await batchesOf(honest)).at(-1)?.size_after).toBe('2');
    expect(await store.append([maker.leaf(rewound.tenant)])).toMatchObject({
      kind: 'refused',
      because: 'integrity-hold',
    });
  });

  it('finds a rewind of heads that no epoch holds yet', async () => {
    const tenant = await database.tenant();
    const { sequencer, anchor } = aSequencer();
    await store.append([maker.leaf(tenant.tenant)]);
    await sequencer.tick();
    await admin.query(`ALTER TABLE ${schemaOf(tenant.tenant)}.batch DISABLE TRIGGER ALL`);
    await admin.query(`UPDATE ${schemaOf(tenant.tenant)}.batch SET root = $1 WHERE first_idx = 0`, [
      Buffer.alloc(32, 7),
    ]);
    await store.append([maker.leaf(tenant.tenant)]);
    expect(await aSequencer(anchor).sequencer.tick()).toEqual({ kind: 'idle' });
  });

  it('signs nothing while the anchor cannot be read', async () => {
    const tenant = await database.tenant();
    await store.append([maker.leaf(tenant.tenant)]);
    const { sequencer, anchor } = aSequencer();
    const blind = aSequencer({
      ...anchor,
      newestHeads: () => Promise.reject(new Error('the bucket is out of reach')),
    }).sequencer;
    expect(await blind.tick()).toMatchObject({ kind: 'failed', cause: expect.stringContaining('out of reach') });
    expect(await sequencer.tick()).toEqual({ kind: 'committed', leaves: 1 });
  });
});

interface BatchRow {
  readonly first_idx: string;
  readonly size_after: string;
  readonly leaf_hashes: Buffer;
  readonly root: Buffer;
  readonly note: string;
}

async function batchesOf({ tenant }: TenantContext): Promise<readonly BatchRow[]> {
  const { rows } = await admin.query<BatchRow>(`SELECT * FROM ${schemaOf(tenant)}.batch ORDER BY first_idx`);
  return rows;
}

/** What the next tick would take. */
async function due(gatherMs: number, fewLogs: number, manyLeaves: number): Promise<readonly string[]> {
  const session = await database.session('writ_sequencer');
  await session.query('BEGIN');
  const { rows } = await session.query<{ record_id: string }>(
    'SELECT record_id FROM ledger.take_due(0::smallint, 1024, $1, $2, $3)',
    [gatherMs, fewLogs, manyLeaves],
  );
  await session.query('ROLLBACK');
  return rows.map(({ record_id }) => record_id);
}

function aSequencer(given?: Anchor): { readonly sequencer: Sequencer; readonly anchor: Anchor } {
  const sequencing = sequencerStore(database.plane('writ_sequencer', 2));
  const folder = mkdtempSync(join(tmpdir(), 'writ-anchor-'));
  folders.push(folder);
  const anchor = given ?? anchorFolder(folder);
  const parts = { store: sequencing, anchor, logKeys: [key.publicKey], onProblem: () => undefined };
  const sequencer = new Sequencer({
    store: sequencing,
    key,
    clock: systemClock,
    gate: (published) => passStartGate(parts, published),
    onPublished: (heads) =>
      anchor.stream(
        heads.map(({ tenant, origin, batch }) => ({
          tenant,
          origin,
          size: batch.sizeAfter,
          root: Buffer.from(batch.root).toString('base64'),
          note: batch.note,
        })),
      ),
    onProblem: () => undefined,
  });
  return { sequencer, anchor };
}
