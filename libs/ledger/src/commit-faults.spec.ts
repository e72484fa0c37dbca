import { describe, expect, it } from '@jest/globals';
import type { RecordId } from '@writ/domain';
import {
  type HandClock,
  ScriptedStore,
  event,
  expectGapless,
  logOf,
  outcome,
  settle,
  start,
  writerKey,
} from './create-ledger.fixtures.js';
import type { AppendOutcome, StoredLeaf } from './ledger.js';
import { writerSigner } from './signer.js';
import { randomFrom } from './verify/mutations.fixtures.js';

type Random = (below: number) => number;

/** A store that fails in every way a database can, and then heals. */
class FaultyStore extends ScriptedStore {
  faulty = true;
  readonly #random: Random;
  readonly #clock: () => HandClock;

  constructor(random: Random, clock: () => HandClock) {
    super();
    this.#random = random;
    this.#clock = clock;
  }

  override async append(leaves: readonly StoredLeaf[]): Promise<AppendOutcome> {
    this.calls.push(leaves);
    if (this.#random(3) === 0) await this.#clock().after(1 + this.#random(300)).elapsed;
    const conflicts = leaves.filter(({ record, leaf }) => {
      const stored = this.stored.get(record);
      return stored !== undefined && Buffer.compare(stored.leaf, leaf) !== 0;
    });
    if (conflicts.length > 0) return refused('conflict', conflicts);
    const fate = this.faulty ? this.#random(9) : 8;
    if (fate === 0) return { kind: 'not-persisted', cause: 'down' };
    if (fate === 1) return { kind: 'unknown', cause: 'lost' };
    if (fate === 2) throw new Error('broke');
    if (fate === 3) return refused('integrity-hold', leaves.slice(0, 1 + this.#random(2)));
    if (fate === 4) return refused('writer-refused', leaves);
    this.keep(leaves);
    if (fate === 5) return { kind: 'unknown', cause: 'lost' };
    if (fate === 6) throw new Error('broke after COMMIT');
    return { kind: 'durable' };
  }

  override async find(tenant: StoredLeaf['tenant'], record: RecordId) {
    if (this.faulty && this.#random(4) === 0) throw new Error('no answer');
    return super.find(tenant, record);
  }
}

function refused(
  because: Extract<AppendOutcome, { kind: 'refused' }>['because'],
  leaves: readonly StoredLeaf[],
): AppendOutcome {
  return { kind: 'refused', because, records: leaves.map(({ record }) => record) };
}

async function run(seed: number) {
  const random = randomFrom(seed);
  const clocks: HandClock[] = [];
  const store = new FaultyStore(random, () => clocks[0] as HandClock);
  const { ledger, clock, alarms } = start({ store });
  clocks.push(clock);
  const results: Promise<{ id: string; leafHash: string | undefined }>[] = [];
  let writers = 1;
  for (let n = 1; n <= 80; n += 1) {
    const log = logOf(1 + random(4));
    const record = random(3) === 0 ? outcome(n) : event(n);
    const commit = ledger.commit(log, record, { level: 'committed', deadlineMs: 100 + random(2_000) });
    results.push(commit.then((result) => ({ id: record.id, leafHash: result.ok ? result.value.leafHash : undefined })));
    // oxlint-disable-next-line no-await-in-loop -- time passes between the records
    if (random(4) === 0) await clock.advance(random(200));
    if (alarms.some(({ kind }) => kind === 'writer-refused')) {
      alarms.length = 0;
      writers += 1;
      ledger.replaceWriter(writerSigner(`gw-${writers}`, writerKey));
    }
  }
  store.faulty = false;
  // oxlint-disable-next-line no-await-in-loop -- until every deadline and pause has passed
  for (let turn = 0; turn < 40; turn += 1) await clock.advance(500);
  ledger.replaceWriter(writerSigner('gw-last', writerKey));
  await settle();
  await ledger.drained();
  return { store, results: await Promise.all(results) };
}

describe('commit against a store that fails in every way', () => {
  it('row 30, simulated at the store (fails and persisted, fails and not persisted): answers every caller, gives no receipt for what is not stored, and leaves no gap in any lane', async () => {
    for (let seed = 1; seed <= 150; seed += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one world after the other
      const { store, results } = await run(seed);
      expect(results).toHaveLength(80);
      for (const { id, leafHash } of results) {
        const stored = store.stored.get(id as RecordId);
        if (leafHash !== undefined)
          expect([seed, Buffer.from(stored?.leafHash ?? []).toString('hex')]).toEqual([seed, leafHash]);
      }
      expectGapless(store.stored.values());
    }
  });
});
