import type { RecordId, TenantId } from '@writ/domain';
import { type LogHead, type LogSigner, type StoredLeaf, type TreeBatch, genesis, sequence } from '@writ/ledger';
import type { Client } from 'pg';

/** What a gateway of the first release sends, on its own login. */
export async function appendAsBefore(gateway: Client, leaves: readonly StoredLeaf[]): Promise<void> {
  const each = (read: (leaf: StoredLeaf) => unknown): unknown[] => leaves.map(read);
  await gateway.query('SELECT ledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)', [
    each(({ writer }) => writer),
    each(({ writerSequence }) => writerSequence),
    each(({ tenant }) => tenant),
    each(({ record }) => record),
    each(({ request }) => request ?? null),
    each(({ kind }) => kind),
    each(({ effect }) => effect ?? null),
    each(({ keep }) => keep),
    each(({ leaf }) => Buffer.from(leaf)),
    each(({ sealed }) => (sealed ? Buffer.from(sealed) : null)),
    each(({ wrappedKey }) => wrappedKey?.subjectRef ?? null),
    each(({ wrappedKey }) => (wrappedKey ? Buffer.from(wrappedKey.wrapped) : null)),
  ]);
}

interface TakenRow {
  readonly tenant_id: TenantId;
  readonly origin: string;
  readonly record_id: RecordId;
  readonly leaf: Buffer;
  readonly writer: string;
  readonly writer_sequence: string;
}

/** One tick of a sequencer of the first release, on its own login; false when nothing waited. `heads` is what it holds in memory. */
export async function tickAsBefore(sequencer: Client, key: LogSigner, heads: Map<TenantId, LogHead>): Promise<boolean> {
  await sequencer.query('BEGIN');
  const { rows } = await sequencer.query<TakenRow>('SELECT * FROM ledger.take(0::smallint, 1024)');
  const batches = [...Map.groupBy(rows, ({ tenant_id }) => tenant_id)].flatMap(([tenant, taken]) => {
    const first = heads.has(tenant) ? undefined : genesis(taken[0]?.origin ?? '', key, Date.now());
    const head = heads.get(tenant) ?? first?.head;
    const leaves = taken.map(({ record_id, leaf, writer, writer_sequence }) => ({
      record: record_id,
      leaf,
      writer,
      writerSequence: Number(writer_sequence),
    }));
    const next = head && sequence(head, leaves, key, Date.now());
    if (!next?.ok) throw new Error('nothing could be sequenced');
    heads.set(tenant, next.value.head);
    return [...(first ? [{ tenant, batch: first.batch }] : []), { tenant, batch: next.value.batch }];
  });
  const each = (read: (batch: TreeBatch) => unknown): unknown[] => batches.map(({ batch }) => read(batch));
  if (batches.length > 0)
    await sequencer.query('SELECT ledger.put(0::smallint, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', [
      Date.now(),
      batches.map(({ tenant }) => tenant),
      each(({ firstIndex }) => firstIndex),
      each(({ sizeAfter }) => sizeAfter),
      each(({ leafHashes }) => Buffer.from(leafHashes)),
      each(({ records }) => `{${records.join(',')}}`),
      each(({ frontier }) => Buffer.from(frontier)),
      each(({ root }) => Buffer.from(root)),
      each(({ note }) => note),
      each(({ sequencedAt }) => new Date(sequencedAt)),
    ]);
  await sequencer.query('COMMIT');
  return batches.length > 0;
}
