import type { PoolClient } from 'pg';
import type { TenantId } from '@writ/domain';
import { type PlanePool, connectToPrimary } from './plane.js';

/** One line of the epoch log: the tree of all heads at one moment. */
export interface Epoch {
  readonly number: number;
  /** Root of the tree of heads. */
  readonly root: Uint8Array;
  /** Compact range of the epoch log after this epoch. */
  readonly frontier: Uint8Array;
  /** Signed checkpoint of the epoch log. */
  readonly note: string;
  /** What changed since the epoch before. */
  readonly heads: object;
  readonly changed: readonly EpochHead[];
  /** Leaf hashes of the tree of heads, in the order of the slots. */
  readonly leaves: readonly Uint8Array[];
}

/** A head that an epoch changed. */
export interface EpochHead {
  readonly tenant: TenantId;
  readonly size: number;
  readonly note: string;
}

export type NewestEpoch = Pick<Epoch, 'number' | 'root' | 'frontier' | 'note'>;

/** How far the outside has followed the epochs. */
export interface OutsideProof {
  /** Number of the newest epoch that a quorum of witnesses cosigned. */
  readonly witnessed: number | undefined;
  /** Number of the newest epoch with a timestamp token, and when it was stored. */
  readonly stamped: number | undefined;
  readonly stampedAtMs: number | undefined;
}

/** The epoch log, and what the outside said of it. */
export interface EpochStore {
  putEpoch(epoch: Epoch): Promise<void>;
  newestEpoch(): Promise<NewestEpoch | undefined>;
  /** The epochs from this number on, in order. */
  epochsFrom(number: number): Promise<readonly Omit<NewestEpoch, 'note'>[]>;
  /** The epoch's checkpoint with the cosignatures of a quorum; the first that is put stays. */
  putWitness(number: number, note: string): Promise<void>;
  putTimestamp(number: number, token: Uint8Array): Promise<void>;
  outsideProof(): Promise<OutsideProof>;
}

interface EpochRow {
  readonly number: string;
  readonly root: Buffer;
  readonly frontier: Buffer;
}

function numberOf(text: string | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Number(text);
}

export function epochStore(plane: PlanePool): EpochStore {
  return { ...epochLog(plane), ...outsideWord(plane) };
}

function epochLog(plane: PlanePool): Pick<EpochStore, 'putEpoch' | 'newestEpoch' | 'epochsFrom'> {
  return {
    /** The epoch and what its proofs are made of, or neither. */
    putEpoch(epoch: Epoch): Promise<void> {
      const { number, root, frontier, note, heads, changed, leaves } = epoch;
      return on(plane, async (client) => {
        await client.query('BEGIN');
        await client.query({
          text: 'SELECT ledger.put_epoch($1, $2, $3, $4, $5)',
          values: [number, Buffer.from(root), Buffer.from(frontier), note, JSON.stringify(heads)],
        });
        await client.query({
          text: 'SELECT ledger.put_epoch_proof($1, $2, $3, $4, $5)',
          values: [
            number,
            changed.map(({ tenant }) => tenant),
            changed.map(({ size }) => size),
            changed.map((head) => head.note),
            Buffer.concat(leaves),
          ],
        });
        const { command } = await client.query('COMMIT');
        if (command !== 'COMMIT') throw new Error('the epoch was rolled back');
      });
    },

    newestEpoch(): Promise<NewestEpoch | undefined> {
      return on(plane, async (client) => {
        const { rows } = await client.query<EpochRow & { note: string }>(
          'SELECT number, root, frontier, note FROM ledger.newest_epoch()',
        );
        const [row] = rows;
        return row === undefined ? undefined : { ...row, number: Number(row.number) };
      });
    },

    epochsFrom(number: number): Promise<readonly Omit<NewestEpoch, 'note'>[]> {
      return on(plane, async (client) => {
        const { rows } = await client.query<EpochRow>({
          text: 'SELECT number, root, frontier FROM ledger.epochs_from($1)',
          values: [number],
        });
        return rows.map((row) => ({ ...row, number: Number(row.number) }));
      });
    },
  };
}

function outsideWord(plane: PlanePool): Pick<EpochStore, 'putWitness' | 'putTimestamp' | 'outsideProof'> {
  return {
    putWitness(number: number, note: string): Promise<void> {
      return on(plane, async (client) => {
        await client.query({ text: 'SELECT ledger.put_epoch_witness($1, $2)', values: [number, note] });
      });
    },

    putTimestamp(number: number, token: Uint8Array): Promise<void> {
      return on(plane, async (client) => {
        await client.query({
          text: 'SELECT ledger.put_epoch_timestamp($1, $2)',
          values: [number, Buffer.from(token)],
        });
      });
    },

    outsideProof(): Promise<OutsideProof> {
      return on(plane, async (client) => {
        const { rows } = await client.query<{
          witnessed: string | null;
          stamped: string | null;
          stamped_at: Date | null;
        }>('SELECT witnessed, stamped, stamped_at FROM ledger.outside_proof()');
        const [row] = rows;
        return {
          witnessed: numberOf(row?.witnessed),
          stamped: numberOf(row?.stamped),
          stampedAtMs: row?.stamped_at?.getTime(),
        };
      });
    },
  };
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
