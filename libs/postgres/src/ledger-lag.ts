import { type PlanePool, connectToPrimary } from './plane.js';

/** How far the ledger's later parts are behind what is committed, over all tenants of one database. */
export interface LedgerLag {
  /** Committed and in no tree yet; counted up to a hundred thousand. */
  readonly records: number;
  /** How long the oldest of them has waited. */
  readonly oldestMs: number;
  /** Since the newest checkpoint over all logs was signed; undefined before the first. */
  readonly checkpointAgeMs: number | undefined;
  readonly writtenOffMicros: number;
}

/** Login `writ_worker` or `writ_sequencer`. */
export async function ledgerLag(plane: PlanePool): Promise<LedgerLag> {
  const client = await connectToPrimary(plane);
  try {
    const { rows } = await client.query<Record<keyof LedgerLag, string | null>>(
      `SELECT records, oldest_ms AS "oldestMs", checkpoint_age_ms AS "checkpointAgeMs",
         written_off_micros AS "writtenOffMicros" FROM control.ledger_lag()`,
    );
    client.release();
    const [row] = rows;
    return {
      records: Number(row?.records ?? 0),
      oldestMs: Number(row?.oldestMs ?? 0),
      checkpointAgeMs: typeof row?.checkpointAgeMs === 'string' ? Number(row.checkpointAgeMs) : undefined,
      writtenOffMicros: Number(row?.writtenOffMicros ?? 0),
    };
  } catch (cause) {
    client.release(true);
    throw cause;
  }
}
