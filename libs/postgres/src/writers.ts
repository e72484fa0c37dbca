import { type PlanePool, connectToPrimary } from './plane.js';

export interface WriterEnrolment {
  readonly id: string;
  /** What kind of process it is: `gateway`, `tenant-api`, `worker`. */
  readonly kind: string;
  /** Raw Ed25519 public key, base64. */
  readonly publicKey: string;
  /** The signed statement by which the deployment admits this key. */
  readonly statement: string;
}

export type WriterStanding = 'active' | 'closed' | 'lost' | 'unknown';

/** What a process that writes records does for itself: enrol before its first record, show that it lives, take its leave. */
export interface WriterRegister {
  /** Throws when the id is taken by another key or has ended. */
  enrol(writer: WriterEnrolment): Promise<void>;
  /** Anything but `active` means that no record of this writer is accepted any more: enrol a new one. */
  heartbeat(id: string): Promise<WriterStanding>;
  close(id: string): Promise<void>;
  /** The database's clock, ms since the epoch. */
  clockMs(): Promise<number>;
}

export function writerRegister(plane: PlanePool): WriterRegister {
  const call = async (text: string, values: readonly string[]): Promise<string> => {
    const client = await connectToPrimary(plane);
    try {
      const { rows } = await client.query<{ answer: string }>({ text, values: [...values] });
      client.release();
      return rows[0]?.answer ?? '';
    } catch (cause) {
      client.release(true);
      throw cause;
    }
  };
  return {
    enrol: async ({ id, kind, publicKey, statement }) => {
      await call('SELECT ledger.enrol_writer($1, $2, $3, $4)::text AS answer', [id, kind, publicKey, statement]);
    },
    heartbeat: async (id) => standingOf(await call('SELECT ledger.heartbeat($1) AS answer', [id])),
    clockMs: async () => Number(await call('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS answer', [])),
    close: async (id) => {
      await call('SELECT ledger.close_writer($1)::text AS answer', [id]);
    },
  };
}

function standingOf(text: string): WriterStanding {
  return text === 'active' || text === 'closed' || text === 'lost' ? text : 'unknown';
}
