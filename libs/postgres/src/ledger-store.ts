import { Socket } from 'node:net';
import type { PoolClient } from 'pg';
import { type RecordId, type TenantId, parseRecordId } from '@writ/domain';
import type { AppendOutcome, BatchEvidence, LedgerStore, StoredLeaf, WitnessEvidence } from '@writ/ledger';
import { Backoff } from './backoff.js';
import { booleanArray, byteaArray, int8Array, textArray, uuidArray } from './binary-arrays.js';
import { lookUntil, witnessedBatchOf } from './evidence-of-record.js';
import { InclusionWatch } from './inclusion-watch.js';
import { type PlanePool, causeText, connectToPrimary, readOnlyTransaction, sqlState } from './plane.js';

/** After this the store stops waiting and says `unknown`. It abandons the connection; it never cancels a commit. */
const appendDeadlineMs = 3_000;

type RefusedBecause = Extract<AppendOutcome, { kind: 'refused' }>['because'];

const refusalsByState: ReadonlyMap<string, RefusedBecause> = new Map([
  ['WL001', 'writer-refused'],
  ['WL002', 'integrity-hold'],
  ['WL003', 'conflict'],
  ['WL004', 'log-busy'],
]);

/**
 * The ledger's store on Postgres. One statement in one round trip appends a whole batch; it is `durable` only when the
 * server answered its commit cleanly. A warning, a fatal answer, a lost or late connection is `unknown`: while waiting
 * for a synchronous standby, Postgres reports a commit that is not replicated as a success with a warning.
 */
export function postgresLedgerStore(plane: PlanePool): LedgerStore {
  return new PostgresLedgerStore(plane);
}

class PostgresLedgerStore implements LedgerStore {
  readonly #plane: PlanePool;
  readonly #watch: InclusionWatch;
  readonly #backoff = new Backoff({ firstMs: 50, maximumMs: 1_000 });
  /** Writers this store appended for: `find` waits for their statements before it denies a record's existence. */
  readonly #writers = new Set<string>();

  constructor(plane: PlanePool) {
    this.#plane = plane;
    this.#watch = new InclusionWatch(plane);
  }

  async append(leaves: readonly StoredLeaf[]): Promise<AppendOutcome> {
    if (leaves.length === 0) return { kind: 'durable' };
    if (this.#backoff.isResting()) return { kind: 'not-persisted', cause: 'the database is not reachable' };
    for (const { writer } of leaves) this.#writers.add(writer.split('/', 1)[0] ?? writer);
    const columns = columnsOf(leaves);
    let client: PoolClient;
    try {
      client = await connectToPrimary(this.#plane);
    } catch (cause) {
      this.#backoff.failed();
      return { kind: 'not-persisted', cause: causeText(cause) };
    }
    const outcome = await appendOn(client, columns);
    if (outcome.kind === 'durable' || outcome.kind === 'refused') this.#backoff.succeeded();
    return outcome;
  }

  async find(tenant: TenantId, record: RecordId): Promise<Uint8Array | undefined> {
    const client = await connectToPrimary(this.#plane);
    try {
      const { rows } = await client.query<{ hash: Buffer | null }>({
        name: 'writ.find',
        text: 'SELECT ledger.find($1, $2, $3) AS hash',
        values: [tenant, record, [...this.#writers]],
      });
      client.release();
      return rows[0]?.hash ?? undefined;
    } catch (cause) {
      client.release(true);
      throw cause;
    }
  }

  inclusion(tenant: TenantId, record: RecordId, withinMs: number): Promise<BatchEvidence | undefined> {
    return this.#watch.batchOf(tenant, record, withinMs);
  }

  witnessed(tenant: TenantId, record: RecordId, withinMs: number): Promise<WitnessEvidence | undefined> {
    return lookUntil(() => witnessedBatchOf(this.#plane, tenant, record), withinMs, { firstMs: 50, longestMs: 250 });
  }
}

async function appendOn(client: PoolClient, columns: readonly Buffer[]): Promise<AppendOutcome> {
  const { promise: abandoned, resolve: abandon } = Promise.withResolvers<AppendOutcome>();
  let warning: string | undefined;
  const onNotice = (notice: {
    readonly severity?: string | undefined;
    readonly message?: string | undefined;
  }): void => {
    if (notice.severity === 'WARNING') warning = notice.message ?? 'a warning';
  };
  const timer = setTimeout(() => abandon({ kind: 'unknown', cause: 'no answer in time' }), appendDeadlineMs);
  client.on('notice', onNotice);
  const answered = client.query({ name: 'writ.append', text: appendText, values: [...columns] }).then(
    (): AppendOutcome => (warning === undefined ? { kind: 'durable' } : { kind: 'unknown', cause: warning }),
    (cause: unknown) => (warning === undefined ? failed(cause) : unknownBecause(warning)),
  );
  const outcome = await Promise.race([answered, abandoned]);
  clearTimeout(timer);
  client.off('notice', onNotice);
  // What the network still holds of an abandoned statement must not arrive later: a reset drops it, a close would not.
  if (outcome.kind === 'unknown' && client.connection.stream instanceof Socket)
    client.connection.stream.resetAndDestroy();
  // Only a connection that answered plainly is lent again; the others are closed, and nothing is cancelled.
  client.release(outcome.kind === 'unknown' || (outcome.kind === 'not-persisted' && outcome.cause === readOnlyCause));
  return outcome;
}

const readOnlyCause = 'this Postgres is read-only, not the primary';

function unknownBecause(cause: string): AppendOutcome {
  return { kind: 'unknown', cause };
}

/** An ERROR from the server rolled the statement back, for certain. Anything else leaves open what happened. */
function failed(cause: unknown): AppendOutcome {
  const state = sqlState(cause);
  if (state === undefined || severityOf(cause) !== 'ERROR') return unknownBecause(causeText(cause));
  const because = refusalsByState.get(state);
  if (because !== undefined) return { kind: 'refused', because, records: recordsIn(cause) };
  return { kind: 'not-persisted', cause: state === readOnlyTransaction ? readOnlyCause : causeText(cause) };
}

function severityOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'severity' in cause && typeof cause.severity === 'string'
    ? cause.severity
    : undefined;
}

function recordsIn(cause: unknown): readonly RecordId[] {
  const detail = cause instanceof Error && 'detail' in cause && typeof cause.detail === 'string' ? cause.detail : '';
  return detail.split(',').flatMap((text) => {
    const parsed = parseRecordId(text);
    return parsed.ok ? [parsed.value] : [];
  });
}

const appendText = 'SELECT ledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)';

/** What `appendText` takes, in binary form. */
function columnsOf(leaves: readonly StoredLeaf[]): readonly Buffer[] {
  return [
    textArray(leaves.map(({ writer }) => writer)),
    int8Array(leaves.map(({ writerSequence }) => writerSequence)),
    uuidArray(leaves.map(({ tenant }) => tenant)),
    uuidArray(leaves.map(({ record }) => record)),
    uuidArray(leaves.map(({ request }) => request)),
    textArray(leaves.map(({ kind }) => kind)),
    textArray(leaves.map(({ effect }) => effect)),
    textArray(leaves.map(({ keep }) => keep)),
    byteaArray(leaves.map(({ leaf }) => leaf)),
    byteaArray(leaves.map(({ sealed }) => sealed)),
    textArray(leaves.map(({ wrappedKey }) => wrappedKey?.subjectRef)),
    byteaArray(leaves.map(({ wrappedKey }) => wrappedKey?.wrapped)),
    booleanArray(leaves.map(({ isAwaited }) => isAwaited === true)),
  ];
}
