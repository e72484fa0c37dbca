import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantContext, TenantId } from '@writ/domain';
import { type LogHead, type StoredLeaf, logSigner, provesInclusion } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { migrate, originOf, postgresLedgerStore, schemaOf, sequencerStore, writerRegister } from '@writ/postgres';
import { controlMigrations } from '@writ/postgres/control';
import { Sequencer } from '@writ/worker';
import type { Client } from 'pg';
import { type TestDatabase, passwordsOf, startDatabase } from './database.js';
import { LeafMaker } from './leaves.js';
import { appendAsBefore, tickAsBefore } from './older-release.js';

/** The last migration of the first release. */
const firstRelease = 'Release1763694000010';
const key = logSigner(generateKeyPairSync('ed25519').privateKey);
let database: TestDatabase;
let admin: Client;

beforeAll(async () => {
  database = await startDatabase([], firstRelease);
  admin = await database.session('postgres');
});
afterAll(() => database.close());

const aSequencer = () =>
  new Sequencer({
    store: sequencerStore(database.plane('writ_sequencer', 1)),
    key,
    clock: systemClock,
    gate: () => Promise.resolve(),
    onPublished: () => undefined,
    onProblem: (problem) => {
      throw new Error(problem);
    },
  });

async function append(leaves: readonly StoredLeaf[]): Promise<void> {
  const store = postgresLedgerStore(database.plane('writ_gateway', 1));
  for (let at = 0; at < leaves.length; at += 64)
    // oxlint-disable-next-line no-await-in-loop -- batches of one writer, in order
    expect(await store.append(leaves.slice(at, at + 64))).toEqual({ kind: 'durable' });
}

async function sequenceAll(): Promise<void> {
  const sequencer = aSequencer();
  // oxlint-disable-next-line no-await-in-loop -- batch after batch
  while ((await sequencer.tick()).kind === 'committed');
}

async function contentOf({ tenant }: TenantContext): Promise<unknown> {
  const schema = schemaOf(tenant);
  const { rows } = await admin.query(
    `SELECT (SELECT count(*)::int FROM ${schema}.record) AS records, (SELECT md5(string_agg(record_id::text || encode(leaf, 'hex'), '' ORDER BY record_id)) FROM ${schema}.record) AS content,
       (SELECT md5(string_agg(first_idx::text || encode(root, 'hex') || note, '' ORDER BY first_idx)) FROM ${schema}.batch) AS tree,
       (SELECT count(*)::int FROM ledger.pending) AS pending`,
  );
  return rows[0];
}

describe('an upgrade of a database that was used', () => {
  it('keeps every record, finds each by its proof, and goes on where the older release stopped', async () => {
    const tenants = [await database.tenant(), await database.tenant(), await database.tenant()];
    const gateway = database.plane('writ_gateway', 1);
    await writerRegister(gateway).enrol({ id: 'gw-1', kind: 'gateway', publicKey: 'key', statement: 'statement' });
    const maker = new LeafMaker('gw-1');
    const all = tenants.map(({ tenant }) => Array.from({ length: 200 }, () => maker.leaf(tenant)));
    const [old, oldSequencer] = [await database.session('writ_gateway'), await database.session('writ_sequencer')];
    await appendAsBefore(
      old,
      all.flatMap((leaves) => leaves.slice(0, 150)),
    );
    const heads = new Map<TenantId, LogHead>();
    while (await tickAsBefore(oldSequencer, key, heads));
    // These wait for the sequencer of the newer release.
    await appendAsBefore(
      old,
      all.flatMap((leaves) => leaves.slice(150)),
    );
    const before = await Promise.all(tenants.map(contentOf));
    expect(before).toMatchObject(tenants.map(() => ({ records: 200, pending: 150 })));

    await migrate(database.server.url('postgres'), passwordsOf(database.server), controlMigrations);
    expect(await Promise.all(tenants.map(contentOf))).toEqual(before);

    const more = tenants.map(({ tenant }) => maker.leaf(tenant));
    // A gateway and a sequencer that are not replaced yet go on, beside the new ones.
    await appendAsBefore(old, more.slice(0, 1));
    await tickAsBefore(oldSequencer, key, heads);
    await append(more.slice(1));
    const young = await database.tenant();
    await append([maker.leaf(young.tenant)]);
    await sequenceAll();
    const store = postgresLedgerStore(gateway);
    for (const [at, { tenant }] of tenants.entries()) {
      const origin = (await originOf(gateway, tenant)) ?? '';
      for (const leaf of [all[at]?.[0], all[at]?.[199], more[at]]) {
        const evidence = leaf && (await store.inclusion?.(tenant, leaf.record, 0));
        expect(leaf && evidence && provesInclusion(evidence, origin, leaf.leafHash, [key.publicKey])).toBe(true);
      }
      const { rows } = await admin.query(`SELECT max(size_after)::int AS size FROM ${schemaOf(tenant)}.batch`);
      expect(rows).toEqual([{ size: 201 }]);
    }
  });
});
