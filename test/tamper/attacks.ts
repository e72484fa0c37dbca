import {
  type BatchEvidence,
  type LogContext,
  type LedgerRecord,
  type LogSigner,
  type StoredLeaf,
  type WriterSigner,
  createLedger,
  hashLeaf,
  rootOf,
  signCheckpoint,
} from '@writ/ledger';
import { type TenantContext, parseRecordId } from '@writ/domain';
import { systemClock } from '@writ/platform';
import { postgresLedgerStore, schemaOf } from '@writ/postgres';
import { randomBytes } from 'node:crypto';
import { type LedgerGround, durably } from '../contract/ledger-ground.js';

/** What whoever holds a writer's key can sign: genuine leaves that never went through the intake. */
export async function signedLeaves(
  writer: WriterSigner,
  log: LogContext,
  records: readonly LedgerRecord[],
  nowMs: () => number = () => Date.now(),
): Promise<readonly StoredLeaf[]> {
  const leaves: StoredLeaf[] = [];
  const ledger = createLedger({
    store: {
      append: async (batch) => {
        leaves.push(...batch);
        return { kind: 'durable' };
      },
      find: async () => undefined,
    },
    writer,
    clock: { ...systemClock, nowMs },
    random: (length) => randomBytes(length),
    settings: { build: { version: 'forged' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
    logKeys: () => [],
  });
  for (const record of records) await ledger.commit(log, record, durably);
  return leaves;
}

/** Puts a leaf into a tenant's table and before the sequencer, as a superuser can. */
export async function plant(ground: LedgerGround, tenant: TenantContext, leaf: StoredLeaf): Promise<void> {
  await ground.admin.query(
    `INSERT INTO ${schemaOf(tenant.tenant)}.record (tenant_id, record_id, request_id, kind, keep_class, writer, writer_sequence, effect, leaf, sealed)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      tenant.tenant,
      leaf.record,
      leaf.request ?? null,
      leaf.kind,
      leaf.keep,
      leaf.writer,
      leaf.writerSequence,
      leaf.effect ?? null,
      Buffer.from(leaf.leaf),
      leaf.sealed ? Buffer.from(leaf.sealed) : null,
    ],
  );
  await ground.admin.query('INSERT INTO ledger.pending (shard, tenant_id, record_id) VALUES (0, $1, $2)', [
    tenant.tenant,
    leaf.record,
  ]);
}

/**
 * Rewrites the log's last batch as whoever holds the log key can: the leaf hashes of the stored records, the root over all
 * of them, and a good signature. Without a key (`undefined`) the old signature stays under the new root.
 */
export async function rewriteLastBatch(
  ground: LedgerGround,
  tenant: TenantContext,
  key: LogSigner | undefined,
): Promise<void> {
  const schema = schemaOf(tenant.tenant);
  const { rows } = await ground.admin.query<{
    first_idx: string;
    size_after: string;
    leaf_hashes: Buffer;
    record_ids: string[];
    note: string;
  }>(
    `SELECT first_idx, size_after, leaf_hashes, record_ids::text[] AS record_ids, note FROM ${schema}.batch WHERE first_idx >= 0 ORDER BY first_idx`,
  );
  const last = rows.at(-1);
  if (!last) throw new Error('the log is empty');
  const before = rows.slice(0, -1).flatMap(({ leaf_hashes }) => hashesIn(leaf_hashes));
  const own: Uint8Array[] = [];
  for (const id of last.record_ids) {
    const found = await ground.admin.query<{ leaf: Buffer }>(`SELECT leaf FROM ${schema}.record WHERE record_id = $1`, [
      id,
    ]);
    own.push(hashLeaf(found.rows[0]?.leaf ?? Buffer.alloc(0)));
  }
  const root = rootOf([...before, ...own]);
  const origin = last.note.split('\n', 1)[0] ?? '';
  const size = Number(last.size_after);
  const note = key
    ? signCheckpoint({ origin, size, root }, key)
    : last.note
        .replace(/^[^\n]+$/m, origin)
        .replace(last.note.split('\n')[2] ?? '', Buffer.from(root).toString('base64'));
  await ground.tamper(
    tenant,
    `UPDATE $schema.batch SET leaf_hashes = '\\x${Buffer.concat(own).toString('hex')}', root = '\\x${Buffer.from(root).toString('hex')}', note = E'${note.replaceAll('\n', String.raw`\n`)}' WHERE first_idx = ${last.first_idx}`,
  );
}

export const flipped = `set_byte(leaf, octet_length(leaf) / 2, (get_byte(leaf, octet_length(leaf) / 2) + 1) % 128)`;

export async function heldBecause(ground: LedgerGround, { tenant }: TenantContext): Promise<string> {
  const { rows } = await ground.admin.query<{ reason: string }>(
    'SELECT reason FROM ledger.integrity_hold WHERE tenant_id = $1',
    [tenant],
  );
  return rows[0]?.reason ?? 'it is not on hold';
}

export async function newestCheckpoint(ground: LedgerGround, { tenant }: TenantContext): Promise<string> {
  const { rows } = await ground.admin.query<{ note: string }>(
    `SELECT note FROM t_${tenant.replaceAll('-', '')}.batch ORDER BY size_after DESC LIMIT 1`,
  );
  return rows[0]?.note ?? '';
}

export async function lastReceipt(
  ground: LedgerGround,
  { tenant }: TenantContext,
): Promise<{
  readonly evidence: BatchEvidence;
  readonly leafHash: Uint8Array;
  readonly origin: string;
}> {
  const { rows } = await ground.admin.query<{ id: string; leaf: Buffer; note: string }>(
    `SELECT r.record_id::text AS id, r.leaf, b.note FROM t_${tenant.replaceAll('-', '')}.batch b
     JOIN t_${tenant.replaceAll('-', '')}.record r ON r.record_id = b.record_ids[1] ORDER BY b.size_after DESC LIMIT 1`,
  );
  const [row] = rows;
  const store = postgresLedgerStore(ground.database.plane('writ_gateway', 1));
  const evidence = await store.inclusion?.(tenant, aRecordIdOf(row?.id ?? ''), 0);
  if (!row || !evidence) throw new Error('the record is not in the tree');
  return { evidence, leafHash: hashLeaf(row.leaf), origin: row.note.split('\n', 1)[0] ?? '' };
}

function aRecordIdOf(text: string) {
  const parsed = parseRecordId(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function hashesIn(bytes: Buffer): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / 32 }, (_, at) => bytes.subarray(at * 32, at * 32 + 32));
}
