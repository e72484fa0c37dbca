import type { TenantContext } from '@writ/domain';
import {
  type BundlePlan,
  type EventRecord,
  type Ledger,
  type LogContext,
  type StatementSigner,
  type StoredRow,
  writeBundle,
} from '@writ/ledger';
import type { Clock } from '@writ/platform';
import {
  type BundleExtras,
  type ExportOrder,
  type ExportSelection,
  type PlanePool,
  SelectionTooLarge,
  bundlePlan,
  withExport,
  withTenant,
} from '@writ/postgres';
import type { ObjectStore } from '@writ/s3';
import { limits } from '@writ/domain';
import { JobFailed, type JobHandler, type JobRun } from '../jobs/runtime.js';
import type { LogContexts } from '../log-contexts.js';
import { newRecordId } from '../record-id.js';
import { Spool, type Spooled } from './spool.js';
import { storeExport } from './store-export.js';

export interface ExportParts {
  /** Login `writ_worker`. */
  readonly plane: PlanePool;
  /** Login `writ_exporter`: it only reads. */
  readonly reading: PlanePool;
  readonly ledger: Ledger;
  readonly logs: LogContexts;
  readonly signer: StatementSigner;
  readonly keyset: Uint8Array;
  /** C2SP tlog-policy of the deployment; bundles carry it for information. */
  readonly policy: Uint8Array | undefined;
  readonly folder: string;
  /** Where the finished file goes besides; nothing is readable there before its last part is. */
  readonly bucket: ObjectStore | undefined;
  readonly clock: Clock;
  readonly reached: (point: 'export-part' | 'export-written' | 'export-sent' | 'export-stored') => void;
}

const noteEveryMs = 1_000;

/** Makes one bundle that was asked for: recorded first, streamed, absent or whole, and taken up again where it was cut. */
export function exportJob(parts: ExportParts): JobHandler {
  return async (run) => {
    const { export: id } = run.payload;
    if (typeof id !== 'string') throw new JobFailed('the job names no export', false);
    const order = await orderOf(parts, run.tenant, id);
    if (order?.state !== 'requested') return;
    const spool = new Spool<BundlePlan>(`${parts.folder}/${run.tenant.tenant}`, id);
    const done = (await spool.finished()) ?? (await write(parts, run, { ...order, id }, spool));
    parts.reached('export-written');
    const storedAt = await store(parts, run, id, done);
    parts.reached('export-stored');
    await run.finish(async ({ query, tenant }) => {
      await query('SELECT control.settle_export($1, $2, $3)', [tenant, id, 'ready']);
      await query(
        `INSERT INTO control.export_progress (tenant_id, export_id, bytes, sha256, stored_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (export_id) DO UPDATE SET bytes = $3, sha256 = $4, stored_at = $5, records_done = control.export_progress.records_total, updated_at = clock_timestamp()`,
        [tenant, id, done.bytes, done.sha256, storedAt],
      );
    });
  };
}

async function write(parts: ExportParts, run: JobRun, order: ExportOrder, spool: Spool<BundlePlan>): Promise<Spooled> {
  const { reading, keyset, policy, clock, signer, reached } = parts;
  const extras: BundleExtras = {
    keyset,
    policy,
    contentKey: async (tenant) => (await logOf(parts, tenant)).contentKey,
  };
  return withExport(reading, run.tenant, async (reader) => {
    const plan = await spool.plan(async () => {
      await recordFirst(parts, run.tenant, order);
      return bundlePlan(reader, run.tenant, order, extras, clock.nowMs()).catch(tooLarge);
    });
    if (plan === undefined) throw new JobFailed('the log has no checkpoint yet');
    let records = 0;
    let notedAt = clock.monotonicMs();
    const counted = async function* (): AsyncGenerator<StoredRow> {
      for await (const row of reader.rows(plan.from, plan.to)) {
        if (run.signal.aborted) throw new JobFailed('the export was told to stop; it goes on later');
        records += 1;
        yield row;
      }
    };
    return spool.write(writeBundle(plan, counted(), signer), async (bytes) => {
      reached('export-part');
      if (clock.monotonicMs() - notedAt < noteEveryMs) return;
      notedAt = clock.monotonicMs();
      await noteProgress(parts.plane, run.tenant, order.id, records, plan.to - plan.from, bytes);
    });
  });
}

async function noteProgress(
  plane: PlanePool,
  tenant: TenantContext,
  id: string,
  done: number,
  total: number,
  bytes: number,
): Promise<void> {
  await withTenant(plane, tenant, ({ query }) =>
    query(
      `INSERT INTO control.export_progress (tenant_id, export_id, records_done, records_total, bytes) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (export_id) DO UPDATE SET records_done = $3, records_total = $4, bytes = $5, updated_at = clock_timestamp()`,
      [tenant.tenant, id, done, total, bytes],
    ),
  );
}

async function store({ bucket, reached }: ExportParts, run: JobRun, id: string, file: Spooled): Promise<string> {
  if (bucket === undefined) return `file:${file.path}`;
  const { tenant } = run.tenant;
  return `s3:${await storeExport(bucket, { tenant, id, file }, () => reached('export-sent'))}`;
}

/** Another try would find as many. */
function tooLarge(cause: unknown): never {
  throw cause instanceof SelectionTooLarge ? new JobFailed(cause.message, false) : cause;
}

async function logOf({ logs, reading }: ExportParts, tenant: TenantContext): Promise<LogContext> {
  const origin = await withExport(reading, tenant, async (reader) => (await reader.head())?.origin);
  if (origin === undefined) throw new JobFailed('the log has no checkpoint yet');
  return logs({ tenant: tenant.tenant, origin });
}

/** An export cannot be hidden: the log says that it is made, and what it discloses, before its first byte is. */
async function recordFirst(parts: ExportParts, tenant: TenantContext, order: ExportOrder): Promise<void> {
  const { ledger, clock } = parts;
  const log = await logOf(parts, tenant);
  const { id, disclose = [] } = order;
  const fields = { export: id, ...(disclose.length === 0 ? {} : { disclose: [...disclose] }) };
  const event: EventRecord = {
    kind: 'event',
    id: newRecordId(clock.nowMs()),
    name: 'export.created',
    actor: 'worker',
    fields,
  };
  const receipt = await ledger.commit(log, event, { level: 'committed', deadlineMs: limits.outcomeCommitMs });
  if (!receipt.ok) throw new JobFailed(`the export could not be recorded: ${receipt.error}`);
}

async function orderOf(
  { plane }: ExportParts,
  tenant: TenantContext,
  id: string,
): Promise<(Omit<ExportOrder, 'id'> & { readonly state: string }) | undefined> {
  const text =
    'SELECT purpose, requested_by, from_at, to_at, state, selection, disclose FROM control.export_order($1, $2)';
  const [row] = await withTenant(plane, tenant, ({ query }) => query<OrderRow>(text, [tenant.tenant, id]));
  if (row === undefined) return undefined;
  const { purpose, requested_by: requester, from_at, to_at, state, selection, disclose } = row;
  const order = { purpose, requester, fromMs: from_at.getTime(), toMs: to_at.getTime(), state, disclose };
  return selection === null ? order : { ...order, selection };
}

interface OrderRow {
  readonly purpose: string;
  readonly requested_by: string;
  readonly from_at: Date;
  readonly to_at: Date;
  readonly state: string;
  readonly selection: ExportSelection | null;
  readonly disclose: readonly string[];
}
