import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { limits } from '@writ/domain';
import {
  type LedgerAlarm,
  type LedgerSettings,
  type StatementSigner,
  type WitnessPolicy,
  type WriterSigner,
  type WritingLedger,
  createLedger,
  enrolment,
  rawPublicKey,
  signEnrolment,
  writerLifeMs,
  writerSigner,
} from '@writ/ledger';
import { Pauses, randomPool, type Clock } from '@writ/platform';
import { postgresLedgerStore } from './ledger-store.js';
import type { OutcomeSpool } from './outcome-spool.js';
import { type PlanePool, causeText } from './plane.js';
import { type WriterRegister, writerRegister } from './writers.js';

export interface EnrolledLedgerOptions {
  /** A pool that serves the ledger alone: nothing else may take its connections. */
  readonly plane: PlanePool;
  /** The writer authority's key: it vouches for the key that this process makes. */
  readonly authority: StatementSigner;
  /** `gateway`, `tenant-api` or `worker`; the first part of the writer's id. */
  readonly kind: string;
  readonly settings: LedgerSettings;
  readonly clock: Clock;
  /** Raw public keys that may sign checkpoints. */
  readonly logKeys: () => readonly Uint8Array[];
  /** Who must have cosigned for the level `witnessed`; absent means that it is refused. */
  readonly witnesses?: WitnessPolicy;
  /** Where late outcomes are kept, and from where they are brought in once the ledger is back. */
  readonly spool?: OutcomeSpool;
  readonly onAlarm: (alarm: LedgerAlarm) => void;
  readonly onProblem: (problem: string) => void;
  /** Told at every beat whether this machine's clock is too far from the database's for anything to be signed by it. */
  readonly onClock?: (isOff: boolean) => void;
}

export interface EnrolledLedger {
  readonly ledger: WritingLedger;
  /** The writer that signs now; another one after a rotation. */
  readonly writer: () => string;
  /** Resolves when the first writer is enrolled: before, every commit waits, and is refused at its deadline. Not while the database is out. */
  readonly enrolled: Promise<void>;
  /** Waits for what is under way, then takes the writer's leave, so that no sweeper has to ask. */
  close(): Promise<void>;
}

/** Several beats fit into the silence after which a writer counts as lost. */
const heartbeatMs = limits.writerSilenceMs / 6;
const retryMs = 250;
const replaceAfterMs = writerLifeMs * 0.9;

/**
 * The ledger of one process: a key made here and never stored, enrolled under the authority's signature, kept alive by
 * heartbeats, and replaced before its day is over or when it was declared lost. Starts without a database too: until the
 * enrolment succeeds nothing is sent, so that the store never meets a writer that it does not know yet; a commit waits
 * for it and is refused at its deadline.
 */
export function enrolledLedger(options: EnrolledLedgerOptions): EnrolledLedger {
  return new LedgerOfProcess(options);
}

interface Writer {
  readonly signer: WriterSigner;
  readonly publicKey: Uint8Array;
  readonly statement: string;
  readonly madeAt: number;
}

class LedgerOfProcess implements EnrolledLedger {
  readonly ledger: WritingLedger;
  readonly #options: EnrolledLedgerOptions;
  readonly #pauses: Pauses;
  readonly #enrolled = Promise.withResolvers<void>();
  readonly #beating: Promise<void>;
  /** Replaced writers whose requests may still be open: they stay alive until the longest answer has ended. */
  readonly #retiring: Writer[] = [];
  #writer: Writer;
  #isClosing = false;
  /** The store refused the writer that signs now: it must be replaced, whatever the register says of it. */
  #isRefused = false;

  constructor(options: EnrolledLedgerOptions) {
    this.#options = options;
    this.#pauses = new Pauses(options.clock);
    this.#writer = makeWriter(options);
    this.ledger = createLedger({
      store: postgresLedgerStore(options.plane),
      clock: options.clock,
      random: randomPool(),
      settings: options.settings,
      logKeys: options.logKeys,
      ...(options.witnesses === undefined ? {} : { witnesses: options.witnesses }),
      ...(options.spool === undefined ? {} : { late: options.spool }),
      onAlarm: (alarm) => this.#alarmed(alarm),
    });
    this.#beating = this.#live();
  }

  get enrolled(): Promise<void> {
    return this.#enrolled.promise;
  }

  writer(): string {
    return this.#writer.signer.id;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#pauses.end();
    await this.#beating;
    // A database that is out must not hold the process; then the writer stays as it is, and the sweeper closes it.
    const late = this.#options.clock.after(limits.outcomeCommitMs);
    const isDrained = await Promise.race([this.ledger.drained().then(() => true), late.elapsed.then(() => false)]);
    late.cancel();
    if (!isDrained) return;
    try {
      const register = writerRegister(this.#options.plane);
      for (const { signer } of [...this.#retiring, this.#writer]) {
        // oxlint-disable-next-line no-await-in-loop -- at most two or three
        await register.close(signer.id);
      }
    } catch (cause) {
      this.#options.onProblem(`the writer could not take its leave; the sweeper will: ${causeText(cause)}`);
    }
  }

  async #live(): Promise<void> {
    let isEnrolled = false;
    while (!this.#isClosing) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one beat follows the other
        isEnrolled = isEnrolled ? await this.#beat() : await this.#enrol(this.#writer);
        void this.#bringIn();
      } catch (cause) {
        this.#options.onProblem(`the writer register does not answer: ${causeText(cause)}`);
      }
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (isEnrolled && !this.#isRefused) await this.#pauses.take(heartbeatMs);
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (!isEnrolled || this.#isRefused) await this.#pauses.take(retryMs);
    }
  }

  #alarmed(alarm: LedgerAlarm): void {
    if (alarm.kind === 'writer-refused' && alarm.writer === this.#writer.signer.id && !this.#isRefused) {
      this.#isRefused = true;
      this.#pauses.wake();
    }
    this.#options.onAlarm(alarm);
  }

  /** Beside the heartbeat, which must not wait for it. */
  async #bringIn(): Promise<void> {
    const { spool, onProblem } = this.#options;
    try {
      await spool?.drain(this.ledger);
    } catch (cause) {
      onProblem(`the spool of late outcomes cannot be read: ${causeText(cause)}`);
    }
  }

  /** A clock that is seconds away from the database's would date records wrongly: nothing is signed by it. */
  async #checkClock(register: WriterRegister): Promise<void> {
    const { clock, onProblem, onClock } = this.#options;
    const asked = clock.nowMs();
    const theirs = await register.clockMs();
    const answered = clock.nowMs();
    // The question was read somewhere between its leaving and its answer: a slow answer is no proof of a wrong clock.
    const offsetMs = Math.round(theirs < asked ? theirs - asked : Math.max(0, theirs - answered));
    const isOff = Math.abs(offsetMs) > limits.clockOffsetMs;
    if (isOff)
      onProblem(
        `this machine's clock is ${-offsetMs} ms ahead of the database's: nothing is recorded until it is right`,
      );
    this.ledger.suspend(isOff);
    onClock?.(isOff);
  }

  async #enrol(writer: Writer): Promise<boolean> {
    const register = writerRegister(this.#options.plane);
    await this.#checkClock(register);
    await register.enrol({
      id: writer.signer.id,
      kind: this.#options.kind,
      publicKey: Buffer.from(writer.publicKey).toString('base64'),
      statement: writer.statement,
    });
    this.#writer = writer;
    this.#isRefused = false;
    this.ledger.replaceWriter(writer.signer);
    this.#enrolled.resolve();
    return true;
  }

  /** A key that nears the end of its day is replaced while it is still good; a lost one at once. */
  async #beat(): Promise<boolean> {
    const { plane, clock, onProblem } = this.#options;
    const register = writerRegister(plane);
    await this.#checkClock(register);
    await this.#retire(register);
    const before = this.#writer;
    const standing = await register.heartbeat(before.signer.id);
    const isOld = clock.nowMs() - before.madeAt > replaceAfterMs;
    const isGood = standing === 'active' && !this.#isRefused;
    if (isGood && !isOld) return true;
    if (isGood) this.#retiring.push(before);
    else
      onProblem(`the writer ${before.signer.id} is ${standing}${this.#isRefused ? ', refused' : ''}; a new one enrols`);
    await this.#enrol(makeWriter(this.#options));
    return true;
  }

  async #retire(register: WriterRegister): Promise<void> {
    for (const writer of this.#retiring.slice()) {
      const isOver = this.#options.clock.nowMs() - writer.madeAt > replaceAfterMs + limits.upstreamTotalMs * 2;
      // oxlint-disable-next-line no-await-in-loop -- at most two or three
      await (isOver ? register.close(writer.signer.id) : register.heartbeat(writer.signer.id));
      if (isOver) this.#retiring.splice(this.#retiring.indexOf(writer), 1);
    }
  }
}

function makeWriter({ kind, authority, settings, clock }: EnrolledLedgerOptions): Writer {
  const { privateKey } = generateKeyPairSync('ed25519');
  const signer = writerSigner(`${kind}-${randomBytes(6).toString('hex')}`, privateKey);
  const publicKey = rawPublicKey(privateKey);
  const madeAt = clock.nowMs();
  const claims = enrolment({ id: signer.id, publicKey }, { workload: kind, build: settings.build.version }, madeAt);
  return { signer, publicKey, statement: Buffer.from(signEnrolment(claims, authority)).toString('ascii'), madeAt };
}
