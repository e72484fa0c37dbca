import type { PoolClient, QueryResultRow } from 'pg';
import { type RecordId, type RequestId, type TenantId, limits } from '@writ/domain';
import type { OpenDecision } from '@writ/ledger';
import { type PlanePool, connectToPrimary } from './plane.js';

export interface EndedWriter {
  readonly id: string;
  readonly state: 'closed' | 'lost';
  readonly lastHeartbeatAt: number;
}

export interface OpenPermit extends OpenDecision {
  readonly tenant: TenantId;
  readonly origin: string;
}

/** What the sweeper reads and decides in the database: which writers fell silent, and what they left open. */
export interface SweeperStore {
  /** Runs `work` unless another sweeper is at it; answers whether it ran. */
  alone(work: () => Promise<void>): Promise<boolean>;
  /** From then on, none of their statements can still commit. */
  loseSilentWriters(): Promise<readonly string[]>;
  writersToSweep(): Promise<readonly EndedWriter[]>;
  openPermits(writer: string, limit: number): Promise<readonly OpenPermit[]>;
  markSwept(writer: string): Promise<void>;
}

interface PermitRow {
  readonly tenant_id: TenantId;
  readonly origin: string;
  readonly record_id: RecordId;
  readonly request_id: RequestId;
  readonly writer: string;
  readonly committed_at: Date;
  readonly decision_leaf: Buffer;
  readonly dispatch_leaves: readonly Buffer[];
}

export function sweeperStore(plane: PlanePool): SweeperStore {
  const rows = <Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<readonly Row[]> =>
    on(plane, async (client) => (await client.query<Row>({ text, values })).rows);
  return {
    alone: (work) =>
      on(plane, async (client) => {
        await client.query('BEGIN');
        const {
          rows: [lock],
        } = await client.query<{ got: boolean }>(
          `SELECT pg_try_advisory_xact_lock(hashtextextended('ledger.sweep', 0)) AS got`,
        );
        if (lock?.got === true) await work();
        await client.query('COMMIT');
        return lock?.got === true;
      }),
    async loseSilentWriters() {
      const lost = await rows<{ id: string }>(
        'SELECT id FROM ledger.lose_silent_writers(make_interval(secs => $1)) AS id',
        [limits.writerSilenceMs / 1_000],
      );
      return lost.map(({ id }) => id);
    },
    async writersToSweep() {
      const ended = await rows<{ id: string; state: 'closed' | 'lost'; heartbeat_at: Date }>(
        'SELECT id, state, heartbeat_at FROM ledger.writers_to_sweep()',
      );
      return ended.map(({ id, state, heartbeat_at }) => ({ id, state, lastHeartbeatAt: heartbeat_at.getTime() }));
    },
    async openPermits(writer, limit) {
      const found = await rows<PermitRow>('SELECT * FROM ledger.open_permits($1, $2)', [writer, limit]);
      return found.map((row) => ({
        tenant: row.tenant_id,
        origin: row.origin,
        request: row.request_id,
        decision: row.record_id,
        decisionLeaf: row.decision_leaf.toString('hex'),
        dispatchLeaves: row.dispatch_leaves.map((leaf) => leaf.toString('hex')),
        writer: row.writer,
        committedAt: row.committed_at.getTime(),
        egressIsRecorded: false,
      }));
    },
    async markSwept(writer) {
      await rows('SELECT ledger.mark_swept($1)', [writer]);
    },
  };
}

/** Every tenant that has a log, in the order of the logs' slots. */
export function tenantsWithLogs(plane: PlanePool): Promise<readonly TenantId[]> {
  return on(plane, async (client) => {
    const { rows } = await client.query<{ tenant_id: TenantId }>('SELECT tenant_id FROM ledger.tenants()');
    return rows.map(({ tenant_id }) => tenant_id);
  });
}

/** Those of them whose tenants have not left. */
export function livingTenants(plane: PlanePool): Promise<readonly TenantId[]> {
  return on(plane, async (client) => {
    const { rows } = await client.query<{ tenant_id: TenantId }>('SELECT tenant_id FROM ledger.living_tenants()');
    return rows.map(({ tenant_id }) => tenant_id);
  });
}

/** True of a tenant that has left: its keys are destroyed, and nothing opens its log again. */
export function isClosedLog(plane: PlanePool, tenant: TenantId): Promise<boolean> {
  return on(plane, async (client) => {
    const { rows } = await client.query<{ closed: boolean }>({
      text: 'SELECT ledger.is_closed($1) AS closed',
      values: [tenant],
    });
    return rows[0]?.closed === true;
  });
}

/** Stops one tenant's log; only operators release it. */
export function placeIntegrityHold(plane: PlanePool, tenant: TenantId, reason: string): Promise<void> {
  return on(plane, async (client) => {
    await client.query({ text: 'SELECT ledger.place_integrity_hold($1, $2)', values: [tenant, reason] });
  });
}

async function on<T>(plane: PlanePool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await connectToPrimary(plane);
  try {
    const result = await work(client);
    client.release();
    return result;
  } catch (cause) {
    client.release(true);
    throw cause;
  }
}
