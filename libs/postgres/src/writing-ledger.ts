import { type KeyObject, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import {
  createLedger,
  enrolment,
  rawPublicKey,
  signEnrolment,
  statementSigner,
  writerLifeMs,
  writerSigner,
  type LedgerAlarm,
  type WriterSigner,
  type WritingLedger,
} from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { postgresLedgerStore } from './ledger-store.js';
import type { PlanePool } from './plane.js';
import { writerRegister, type WriterRegister } from './writers.js';

export interface WritingLedgerOptions {
  readonly plane: PlanePool;
  /** What kind of process writes: `gateway`, `tenant-api`, `worker`. */
  readonly kind: string;
  /** Ed25519 private key that vouches for writer keys. */
  readonly authority: KeyObject;
  readonly build: string;
  readonly environment: string;
  /** Raw public keys that may sign checkpoints, for the level `receipted`. */
  readonly logKeys: readonly Uint8Array[];
  readonly onAlarm: (alarm: LedgerAlarm) => void;
  readonly onProblem: (problem: string, cause: unknown) => void;
}

/** This process's own writer: a key that lives in memory only, enrolled, alive while it heartbeats. */
export interface OwnLedger {
  readonly ledger: WritingLedger;
  /** Takes leave, so that nobody waits for this writer's silence. */
  close(): Promise<void>;
}

const heartbeatMs = 5_000;
/** A key is replaced at half its life: a statement that is about to end must not end under a record. */
const renewMs = writerLifeMs / 2;

/** Resolves once the first writer key is enrolled; a writer that was lost or has grown old is replaced by a new one. */
export async function openWritingLedger(options: WritingLedgerOptions): Promise<OwnLedger> {
  const register = writerRegister(options.plane);
  let writer = await enrol(register, options);
  let enrolledAt = systemClock.nowMs();
  const ledger = createLedger({
    store: postgresLedgerStore(options.plane),
    writer,
    clock: systemClock,
    random: (size) => randomBytes(size),
    settings: {
      build: { version: options.build },
      environment: options.environment,
      clock: { source: 'system', errorMs: 1_000 },
    },
    logKeys: () => options.logKeys,
    onAlarm: options.onAlarm,
  });

  async function renew(): Promise<void> {
    const old = writer.id;
    writer = await enrol(register, options);
    enrolledAt = systemClock.nowMs();
    ledger.replaceWriter(writer);
    // Records of the old key may still be under way: it is left to fall silent, and the sweeper closes it.
    options.onProblem(`the writer ${old} was replaced`, undefined);
  }

  async function beat(): Promise<void> {
    try {
      const standing = await register.heartbeat(writer.id);
      if (standing !== 'active' || systemClock.nowMs() - enrolledAt > renewMs) await renew();
    } catch (cause) {
      options.onProblem('the heartbeat of the writer failed', cause);
    }
  }
  const timer = setInterval(() => void beat(), heartbeatMs);
  timer.unref();
  return {
    ledger,
    async close() {
      clearInterval(timer);
      await ledger.drained();
      await register.close(writer.id);
    },
  };
}

async function enrol(
  register: WriterRegister,
  { kind, authority, build }: WritingLedgerOptions,
): Promise<WriterSigner> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const id = `${kind}-${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  const raw = rawPublicKey(publicKey);
  const statement = enrolment({ id, publicKey: raw }, { workload: kind, build }, systemClock.nowMs());
  await register.enrol({
    id,
    kind,
    publicKey: Buffer.from(raw).toString('base64'),
    statement: Buffer.from(signEnrolment(statement, statementSigner(authority))).toString('ascii'),
  });
  return writerSigner(id, privateKey);
}
