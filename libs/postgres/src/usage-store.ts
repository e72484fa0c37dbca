import { type TenantId, tenantOfJob } from '@writ/domain';
import { type ClosedRequest, type Notice, type UsageLine, leaseUses, noticesOf, usageLines } from '@writ/ledger';
import { jobIdOf } from './outbox.js';
import { type PlanePool, connectToPrimary } from './plane.js';
import { type TenantTransaction, withTenant } from './with-tenant.js';

/** How far one turn came. */
export interface Settled {
  /** Records of the tree that this turn read. */
  readonly records: number;
  /** True when the tree was read to its end. */
  readonly isUpToDate: boolean;
}

/** Login `writ_worker`: sums up what a tenant used, from its tree, each index once. */
export interface UsageStore {
  /** Reads one window of the tree behind the cursor and adds it up; safe to repeat and to kill anywhere. */
  settle(tenant: TenantId): Promise<Settled>;
  /**
   * Writes off the leases that ran out, and puts what the ledger says in the place of what was written off, as soon as usage has
   * read every record that can name them. Answers of how many.
   */
  reconcile(tenant: TenantId): Promise<number>;
  /** Finds newly passed thresholds of budgets and puts each into the outbox, once; answers how many. */
  passThresholds(tenant: TenantId): Promise<number>;
}

/** Records of one transaction: small enough to be read again after a kill. */
const windowRecords = 1_024;

export function usageStore(plane: PlanePool): UsageStore {
  return {
    async settle(tenant) {
      const from = await nextIndex(plane, tenant);
      const window = await withTenant(plane, tenantOfJob(tenant), (tx) => readWindow(tx, from), 'one-snapshot');
      if (window.to === from) return { records: 0, isUpToDate: true };
      const { lines, notices, uses } = summed(tenant, window.rows);
      const taken = await one<{ taken: boolean }>(
        plane,
        'SELECT control.settle_usage($1, $2, $3, $4, $5, $6) AS taken',
        [tenant, from, window.to, JSON.stringify(lines), JSON.stringify(notices), JSON.stringify(uses)],
      );
      // Another worker was faster: what it added is not added again.
      const records = taken?.taken === true ? window.to - from : 0;
      return { records, isUpToDate: window.to === window.size };
    },
    async reconcile(tenant) {
      const row = await one<{ done: number }>(plane, 'SELECT control.reconcile_budgets($1) AS done', [tenant]);
      return row?.done ?? 0;
    },
    async passThresholds(tenant) {
      const row = await one<{ passed: number }>(plane, 'SELECT control.pass_thresholds($1) AS passed', [tenant]);
      return row?.passed ?? 0;
    },
  };
}

async function nextIndex(plane: PlanePool, tenant: TenantId): Promise<number> {
  const row = await one<{ next: string }>(plane, 'SELECT control.usage_next($1) AS next', [tenant]);
  return Number(row?.next ?? 0);
}

interface WindowRow {
  readonly record: string;
  readonly kind: string | null;
  readonly day: string | null;
  readonly leaf: Buffer | null;
  readonly decision: Buffer | null;
  readonly earlier: readonly Buffer[] | null;
}

interface Window {
  readonly to: number;
  readonly size: number;
  readonly rows: readonly WindowRow[];
}

async function readWindow({ schema, query }: TenantTransaction, from: number): Promise<Window> {
  const [head] = await query<{ size: string | null }>(`SELECT max(size_after) AS size FROM ${schema}.batch`);
  const size = Number(head?.size ?? 0);
  const to = Math.min(size, from + windowRecords);
  if (to <= from) return { to: from, size: from, rows: [] };
  const rows = await query<WindowRow>(
    `SELECT x.record_id::text AS record, x.kind, to_char(x.committed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, x.leaf,
       CASE WHEN x.kind = 'outcome' THEN (SELECT d.leaf FROM ${schema}.record d
         WHERE d.request_id = x.request_id AND d.kind = 'decision' ORDER BY d.record_id LIMIT 1) END AS decision,
       CASE WHEN x.kind = 'outcome' THEN ARRAY(SELECT o.leaf FROM ${schema}.record o
         WHERE o.request_id = x.request_id AND o.kind = 'outcome' AND o.record_id < x.record_id ORDER BY o.record_id) END AS earlier
     FROM ${schema}.batch b CROSS JOIN LATERAL unnest(b.record_ids) WITH ORDINALITY u(id, n)
     JOIN ${schema}.record x ON x.record_id = u.id
     WHERE b.size_after > $1 AND b.first_idx < $2 AND b.first_idx + u.n - 1 >= $1 AND b.first_idx + u.n - 1 < $2
       AND x.kind IN ('decision', 'outcome')`,
    [from, to],
  );
  return { to, size, rows };
}

interface SummedLine {
  readonly day: string;
  readonly subject_group: string;
  readonly app: string;
  readonly model: string;
  readonly endpoint: string;
  readonly charge: string;
  readonly price_version: string;
  quantity: number;
  estimated: number;
  cost_picos: string;
  denied: number;
  failed: number;
}

interface NoticeRow {
  readonly id: string;
  readonly payload: object;
}

interface UseRow {
  readonly lease: string;
  readonly micros: string;
}

/** Summed here already, so that one statement carries a few lines and not a thousand. */
function summed(
  tenant: TenantId,
  rows: readonly WindowRow[],
): {
  readonly lines: readonly SummedLine[];
  readonly notices: readonly NoticeRow[];
  readonly uses: readonly UseRow[];
} {
  const sums = new Map<string, SummedLine>();
  const leases = new Map<string, bigint>();
  const notices: NoticeRow[] = [];
  for (const row of rows) {
    const request = closedRequest(row);
    if (row.kind === 'decision' && row.leaf)
      notices.push(...noticesOf(row.leaf).map((notice) => noticeRow(tenant, notice)));
    for (const line of usageLines(request)) add(sums, row.day ?? '', line);
    for (const { lease, micros } of leaseUses(request))
      if (leaseId.test(lease)) leases.set(lease, (leases.get(lease) ?? 0n) + micros);
  }
  const uses = [...leases].map(([lease, micros]) => ({ lease, micros: String(micros) }));
  return { lines: [...sums.values()], notices, uses };
}

/** Whatever else stands in a record is no lease of ours, and must not keep the others from being read. */
const leaseId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A deny closes itself; a permit is counted with its outcome. */
function closedRequest({ kind, leaf, decision, earlier }: WindowRow): ClosedRequest {
  if (kind === 'decision') return { decision: leaf ?? undefined, outcome: undefined, earlier: [] };
  return { decision: decision ?? undefined, outcome: leaf ?? undefined, earlier: earlier ?? [] };
}

function add(sums: Map<string, SummedLine>, day: string, line: UsageLine): void {
  const { group, app, model, endpoint, charge, priceVersion } = line;
  const name = JSON.stringify([day, group, app, model, endpoint, charge, priceVersion]);
  const sum = sums.get(name) ?? {
    day,
    subject_group: group,
    app,
    model,
    endpoint,
    charge,
    price_version: priceVersion,
    quantity: 0,
    estimated: 0,
    cost_picos: '0',
    denied: 0,
    failed: 0,
  };
  sum.quantity += line.quantity;
  sum.estimated += line.estimated;
  sum.cost_picos = String(BigInt(sum.cost_picos) + line.costPicos);
  sum.denied += line.ended === 'denied' ? 1 : 0;
  sum.failed += line.ended === 'failed' ? 1 : 0;
  sums.set(name, sum);
}

/** Named by what it tells: the same notice is the same job. */
function noticeRow(tenant: TenantId, { target, decision, rules }: Notice): NoticeRow {
  const id = jobIdOf(tenant, 'notify', JSON.stringify(['policy.notify', decision, target]));
  return { id, payload: { kind: 'policy.notify', target, decision, rules } };
}

async function one<Row extends object>(plane: PlanePool, text: string, values: unknown[]): Promise<Row | undefined> {
  const client = await connectToPrimary(plane);
  try {
    const { rows } = await client.query<Row>({ text, values });
    client.release();
    return rows[0];
  } catch (cause) {
    client.release(true);
    throw cause;
  }
}
