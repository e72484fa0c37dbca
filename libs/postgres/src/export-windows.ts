import { type RecordId, parseRecordId } from '@writ/domain';
import type { Gap } from '@writ/ledger';
import type { TenantTransaction } from './with-tenant.js';

/** Indices of one question: the largest log is read in many short ones, none of which runs into a time limit. */
const windowRows = 65_536;
const eventsAtOnce = 1_000;

/** What lies in a window of indices: the first batch is found by its key, since batches follow each other without a gap. */
const inWindow = (schema: string): string =>
  `FROM ${schema}.batch b CROSS JOIN LATERAL unnest(b.record_ids) WITH ORDINALITY u(id, n)`;
const isInWindow = (schema: string): string =>
  `b.first_idx >= (SELECT max(f.first_idx) FROM ${schema}.batch f WHERE f.first_idx <= $1) AND b.first_idx < $2
   AND b.first_idx + u.n - 1 >= $1 AND b.first_idx + u.n - 1 < $2`;

function* windows(from: number, to: number): Generator<readonly [number, number]> {
  for (let at = from; at < to; at += windowRows) yield [at, Math.min(to, at + windowRows)];
}

/** Ranges of [from, to) without payload, each with the index of the prune order that covers it. */
export async function gapsIn(transaction: TenantTransaction, from: number, to: number): Promise<readonly Gap[]> {
  const { schema, query } = transaction;
  const missing: { from: number; to: number }[] = [];
  for (const window of windows(from, to)) {
    // oxlint-disable-next-line no-await-in-loop -- window after window bounds the memory
    const rows = await query<{ from: string; to: string }>(
      `WITH missing AS (SELECT b.first_idx + u.n - 1 AS idx ${inWindow(schema)} WHERE ${isInWindow(schema)}
         AND NOT EXISTS (SELECT FROM ${schema}.record x WHERE x.record_id = u.id))
       SELECT min(idx) AS from, max(idx) + 1 AS to FROM (SELECT idx, idx - row_number() OVER (ORDER BY idx) AS island FROM missing) m
       GROUP BY island ORDER BY 1`,
      window,
    );
    for (const row of rows) {
      const before = missing.at(-1);
      if (before?.to === Number(row.from)) before.to = Number(row.to);
      else missing.push({ from: Number(row.from), to: Number(row.to) });
    }
  }
  if (missing.length === 0) return [];
  const orders = await pruneOrders(transaction);
  return missing.flatMap((each) => cutByOrder(each.from, each.to, orders));
}

/** Ids of the writers of the records in [from, to), without their lanes. */
export async function writersIn(
  { schema, query }: TenantTransaction,
  from: number,
  to: number,
): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const window of windows(from, to)) {
    // oxlint-disable-next-line no-await-in-loop -- as above
    const rows = await query<{ writer: string }>(
      `SELECT DISTINCT split_part(x.writer, '/', 1) AS writer ${inWindow(schema)}
       JOIN ${schema}.record x ON x.record_id = u.id WHERE ${isInWindow(schema)}`,
      window,
    );
    for (const { writer } of rows) found.add(writer);
  }
  return [...found].toSorted();
}

/**
 * A range of records that have outlived their class, from the oldest. A record's id carries its time, so that each class looks
 * only at what is older than it keeps. One question for each class, with its name in it: only then does the planner know
 * whether the class is rare, and finds it by the index of classes.
 */
export async function expiredIn({
  schema,
  query,
}: TenantTransaction): Promise<{ readonly from: number; readonly to: number } | undefined> {
  const classes = await query<{ name: string; bound: string }>(
    `SELECT keep_class AS name, rpad(lpad(to_hex((extract(epoch FROM now() - keep) * 1000)::bigint), 12, '0'), 32, 'f')::uuid AS bound
     FROM ledger.retention_class`,
  );
  const found: number[] = [];
  for (const { name, bound } of classes) {
    const expired = (order: 'ASC' | 'DESC') =>
      query<{ id: string }>(
        `SELECT x.record_id AS id FROM ${schema}.record x JOIN ledger.retention_class c ON c.keep_class = x.keep_class
         WHERE x.keep_class = $1 AND x.record_id < $2 AND x.committed_at + c.keep < now() ORDER BY x.record_id ${order} LIMIT 1`,
        [name, bound],
      );
    // oxlint-disable-next-line no-await-in-loop -- a handful of classes
    const [first] = await expired('ASC');
    if (first === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- as above
    const [last] = await expired('DESC');
    for (const id of [first.id, last?.id ?? first.id]) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      const index = await indexOf({ schema, query }, id);
      if (index !== undefined) found.push(index);
    }
  }
  return found.length === 0 ? undefined : { from: Math.min(...found), to: Math.max(...found) + 1 };
}

/** Ids of the orders to erase a subject, oldest first. */
export async function erasureOrdersIn(transaction: TenantTransaction): Promise<readonly RecordId[]> {
  const orders: RecordId[] = [];
  for await (const { id, event } of eventsOf(transaction)) {
    const record = parseRecordId(id);
    if (record.ok && event.name === 'erasure.executed') orders.push(record.value);
  }
  return orders;
}

interface PruneOrder {
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

/** Newest first. */
async function pruneOrders(transaction: TenantTransaction): Promise<readonly PruneOrder[]> {
  const orders: PruneOrder[] = [];
  for await (const { id, event } of eventsOf(transaction)) {
    const { from, to } = event.fields ?? {};
    if (event.name !== 'retention.prune' || from === undefined || to === undefined) continue;
    const index = await indexOf(transaction, id);
    if (index !== undefined) orders.push({ index, from, to });
  }
  return orders.toSorted((one, two) => two.index - one.index);
}

/** Its place in the tree; undefined while it has none. A record is sequenced after its id was made, and soon. */
async function indexOf(
  { schema, query }: Pick<TenantTransaction, 'schema' | 'query'>,
  id: string,
): Promise<number | undefined> {
  const [row] = await query<{ index: string }>(
    `SELECT b.first_idx + array_position(b.record_ids, $1::uuid) - 1 AS index FROM ${schema}.batch b
     WHERE b.seq_ts > uuid_extract_timestamp($1::uuid) - interval '10 minutes' AND $1::uuid = ANY (b.record_ids)
     ORDER BY b.seq_ts LIMIT 1`,
    [id],
  );
  return row === undefined ? undefined : Number(row.index);
}

interface ClearEvent {
  readonly name?: string;
  readonly fields?: { readonly from?: number; readonly to?: number };
}

/** Every event of the log, oldest first, page by page. */
async function* eventsOf({
  schema,
  query,
}: TenantTransaction): AsyncGenerator<{ readonly id: string; readonly event: ClearEvent }> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const page = await query<{ id: string; leaf: Buffer }>(
      `SELECT record_id::text AS id, leaf FROM ${schema}.record WHERE kind = 'event' AND record_id > $1 ORDER BY record_id LIMIT $2`,
      [after, eventsAtOnce],
    );
    for (const { id, leaf } of page) yield { id, event: eventIn(leaf) };
    const last = page.at(-1);
    if (last === undefined || page.length < eventsAtOnce) return;
    after = last.id;
  }
}

function eventIn(leaf: Buffer): ClearEvent {
  const payload = Buffer.from(leaf.toString('latin1').split('.')[1] ?? '', 'base64url').toString('utf8');
  return JSON.parse(payload) as ClearEvent;
}

/** One range may have gone by several orders; each piece names the one that covers it, or none, and then a verifier objects. */
function cutByOrder(from: number, to: number, orders: readonly PruneOrder[]): readonly Gap[] {
  const gaps: Gap[] = [];
  for (let at = from; at < to;) {
    const order = orders.filter((each) => each.from <= at && at < each.to).toSorted((a, b) => b.to - a.to)[0];
    const end = Math.min(to, order?.to ?? to);
    gaps.push({ from: at, to: end, reason: 'pruned', ...(order === undefined ? {} : { record: order.index }) });
    at = end;
  }
  return gaps;
}
