import { type EvidenceLevel, type Result, err, limits, ok } from '@writ/domain';
import { toHex } from './bytes.js';
import { rememberingCheckpoints } from './checkpoint.js';
import { CommitQueue, type Settlement, type Waiting } from './commit-queue.js';
import { type LedgerAlarm, type SlotParts, commitBatch } from './commit-slot.js';
import { type PreparedRecord, prepareRecord } from './leaf.js';
import type { LedgerParts } from './ledger-parts.js';
import { isProven } from './prove-level.js';
import { bareOutcome } from './late-outcomes.js';
import type { CommitRefusal, Ledger, LogContext } from './ledger.js';
import { CommittedReceipt, type Receipt } from './receipt.js';
import { newRecordId } from './record-id.js';
import type { LedgerRecord, OutcomeRecord } from './record.js';
import type { WriterSigner } from './signer.js';
import { WriterLanes } from './writer-lanes.js';

/** The ledger as the process that owns it holds it. Everyone else sees `Ledger`. */
export interface WritingLedger extends Ledger {
  /** After each enrolment: a key lives at most 24 hours, and a lost writer is refused for good. Starts new lanes. */
  replaceWriter(writer: WriterSigner): void;
  /** True once an outcome that was kept while the store was out is durable; the same again changes nothing. */
  commitLate(log: LogContext, record: OutcomeRecord): Promise<boolean>;
  /** While the process cannot be trusted to sign, everything is refused with `ledger-unavailable`. */
  suspend(isSuspended: boolean): void;
  /** Resolves when nothing waits and nothing is under way: not while the store is out, so a shutdown bounds its wait. */
  drained(): Promise<void>;
}

/** How long the store must have failed without a success before decisions are refused at once. */
const breakerMs = 1_000;
/** More requests than one process can have open. */
const subjectsHeld = 20_000;
/** How long a log on integrity hold is refused without asking the store again. */
const holdMs = 1_000;

/**
 * Group commit without a timer: while transactions are under way new records wait, and each transaction that ends takes
 * what has gathered. An idle ledger sends at once.
 */
export function createLedger(parts: LedgerParts): WritingLedger {
  return new GroupCommit(parts);
}

class GroupCommit implements WritingLedger {
  readonly #parts: LedgerParts;
  readonly #queue = new CommitQueue();
  readonly #open = rememberingCheckpoints();
  /** None before there is a writer. */
  #slots: { lanes: WriterLanes; busy: boolean }[] = [];
  readonly #heldUntil = new Map<string, number>();
  /** Whose request it is: what follows a decision is sealed for the same subject, so that one erasure reaches all of it. */
  readonly #subjects = new Map<string, string>();
  readonly #idle: (() => void)[] = [];
  #writer: WriterSigner | undefined;
  #writerRefused = false;
  #isSuspended = false;
  #lane = 0;
  #pumping = false;
  #failingSince: number | undefined;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
    if (parts.writer) this.replaceWriter(parts.writer);
  }

  async commit<R extends LedgerRecord>(
    log: LogContext,
    record: R,
    { level, deadlineMs }: { readonly level: EvidenceLevel; readonly deadlineMs: number },
  ): Promise<Result<Receipt<R>, CommitRefusal>> {
    const { clock, random, settings } = this.#parts;
    // Witnesses answer over the Internet, after the next epoch; how long a caller waits for the commit itself stays the same.
    const until = clock.monotonicMs() + deadlineMs + (level === 'witnessed' ? limits.witnessMs : 0);
    if (!this.#canReach(level)) return err('ledger-unavailable');
    // Asked before the record is encoded too: an overload must not cost what it cannot serve.
    const early = this.#refusesAtOnce(log, record, 0);
    if (early) return this.#refuse(log, record, early);
    const prepared = prepareRecord(record, log, settings, clock.nowMs(), random, this.#subjectOf(log, record));
    if (!prepared.ok) {
      this.#alarm({ kind: 'inadmissible', record: record.id, cause: prepared.error });
      return err('ledger-unavailable');
    }
    this.#rememberSubject(prepared.value);
    const refusal = this.#refusesAtOnce(log, record, prepared.value.bytes);
    if (refusal) return this.#refuse(log, record, refusal);
    const settled = await this.#enqueue(prepared.value, deadlineMs, level !== 'committed');
    if (!settled.ok) return settled;
    if (level !== 'committed') {
      const parts = { ...this.#parts, open: this.#open };
      if (!(await isProven(parts, prepared.value, settled.value, level, until))) {
        this.#closeUnused(prepared.value, settled.value);
        return err('ledger-unavailable');
      }
    }
    return ok(new CommittedReceipt(record, toHex(settled.value), level));
  }

  replaceWriter(writer: WriterSigner): void {
    this.#writer = writer;
    this.#writerRefused = false;
    const lanes = (): WriterLanes => new WriterLanes(() => `${writer.id}/${(this.#lane += 1)}`);
    for (const slot of this.#slots) slot.lanes = lanes();
    if (this.#slots.length === 0)
      this.#slots = Array.from({ length: limits.commitsInFlight }, () => ({ busy: false, lanes: lanes() }));
    this.#schedulePump();
  }

  async commitLate(log: LogContext, record: OutcomeRecord): Promise<boolean> {
    const { store } = this.#parts;
    const isThere = async (): Promise<boolean> => (await store.find(log.tenant.tenant, record.id)) !== undefined;
    if (await isThere()) return true;
    const how = { level: 'committed', deadlineMs: limits.outcomeCommitMs } as const;
    return (await this.commit(log, { ...record, late: true }, how)).ok || isThere();
  }

  suspend(isSuspended: boolean): void {
    this.#isSuspended = isSuspended;
  }

  async drained(): Promise<void> {
    if (this.#queue.held === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
    });
  }

  #subjectOf({ origin }: LogContext, record: LedgerRecord): string | undefined {
    return record.kind === 'event' ? undefined : this.#subjects.get(`${origin} ${record.request}`);
  }

  #rememberSubject({ record, log, subjectRef }: PreparedRecord): void {
    if (record.kind !== 'decision' || subjectRef === undefined) return;
    this.#subjects.set(`${log.origin} ${record.request}`, subjectRef);
    if (this.#subjects.size <= subjectsHeld) return;
    const [oldest] = this.#subjects.keys();
    if (oldest !== undefined) this.#subjects.delete(oldest);
  }

  #canReach(level: EvidenceLevel): boolean {
    const { store, witnesses } = this.#parts;
    if (level === 'witnessed') return store.witnessed !== undefined && witnesses !== undefined;
    return level === 'committed' || store.inclusion !== undefined;
  }

  #refusesAtOnce({ origin, tenant }: LogContext, { kind }: LedgerRecord, bytes: number): CommitRefusal | undefined {
    const now = this.#parts.clock.monotonicMs();
    const held = this.#heldUntil.get(origin);
    if (held !== undefined && now < held) return 'ledger-integrity-hold';
    if (held !== undefined) this.#heldUntil.delete(origin);
    if (this.#writerRefused || this.#isSuspended) return 'ledger-unavailable';
    const broken = this.#failingSince !== undefined && now - this.#failingSince >= breakerMs;
    if (broken && kind === 'decision' && this.#slots.every(({ busy }) => busy)) return 'ledger-unavailable';
    return this.#queue.refusesAdmission(tenant.tenant, kind, bytes);
  }

  /** Resolves with the leaf hash once durable, or with a refusal at the deadline at the latest. */
  #enqueue(prepared: PreparedRecord, deadlineMs: number, isAwaited: boolean): Promise<Settlement> {
    return new Promise((resolve) => {
      let settled = false;
      const timer = this.#parts.clock.after(deadlineMs);
      const waiting: Waiting = {
        prepared,
        isAwaited,
        isSettled: () => settled,
        settle: (settlement) => {
          if (settled) return;
          settled = true;
          timer.cancel();
          resolve(settlement);
        },
      };
      void timer.elapsed.then(() => {
        if (settled) return;
        const kept = this.#keepLate(prepared, !this.#queue.withdraw(waiting));
        const settle = (): void => {
          waiting.settle(err('ledger-unavailable'));
          this.#tellIdle();
        };
        if (kept) void kept.then(settle);
        else settle();
      });
      this.#queue.admit(waiting);
      this.#schedulePump();
    });
  }

  /** Where the queue has no room for an outcome its bare fact is kept: small, and owed to its decision. */
  async #refuse(log: LogContext, record: LedgerRecord, refusal: CommitRefusal): Promise<Result<never, CommitRefusal>> {
    if (record.kind === 'outcome' && record.late !== true) {
      const bare = { ...bareOutcome(record), result: 'ledger-unavailable' } as const;
      const canWait = refusal !== 'ledger-integrity-hold' && !this.#writerRefused;
      await this.#keep(log, bare, false, () => canWait && this.#admitLate(log, bare));
    }
    return err(refusal);
  }

  /**
   * An outcome is owed to its decision also when it is late: the answer was destroyed, and the record says so. One that is
   * under way needs no second place in memory, but a place that survives the process.
   */
  #keepLate({ log, record }: PreparedRecord, isHeld: boolean): Promise<void> | undefined {
    if (record.kind !== 'outcome' || record.late === true) return undefined;
    return this.#keep(
      log,
      bareOutcome(record),
      isHeld,
      () => !isHeld && this.#admitLate(log, { ...record, late: true }),
    );
  }

  /** On disk where there is a spool; in memory where there is none, or where it fails. */
  #keep(log: LogContext, bare: OutcomeRecord, isHeld: boolean, inMemory: () => unknown): Promise<void> | undefined {
    const { late } = this.#parts;
    if (!late) {
      inMemory();
      return undefined;
    }
    return late.keep(log, bare, isHeld).catch((cause: unknown) => {
      this.#alarm({ kind: 'spool-failed', cause: String(cause) });
      inMemory();
    });
  }

  #told({ record }: PreparedRecord, tell: 'free' | 'drop'): void {
    if (record.kind !== 'outcome') return;
    this.#parts.late?.[tell](record.id).catch((cause: unknown) => {
      this.#alarm({ kind: 'spool-failed', cause: String(cause) });
    });
  }

  /** A permit whose caller was refused opened nothing: no receipt, no prompt sent. Nobody else knows, so the ledger closes it. */
  #closeUnused({ log, record }: PreparedRecord, leafHash: Uint8Array): void {
    if (record.kind !== 'decision' || record.decision.effect !== 'permit') return;
    const { clock, random } = this.#parts;
    this.#admitLate(log, {
      kind: 'outcome',
      id: newRecordId(clock.nowMs(), random),
      request: record.request,
      decisionLeaf: toHex(leafHash),
      dispatchLeaves: [],
      result: 'not-dispatched',
      refusal: 'ledger-unavailable',
      attempts: [],
      phasesMs: {},
      handedToSocketBytes: 0,
      late: true,
    });
  }

  /** Nobody waits for it: it stays until it is durable. What it replaces was counted, so the queue stays bounded. */
  #admitLate(log: LogContext, record: OutcomeRecord): void {
    const { clock, random, settings } = this.#parts;
    const prepared = prepareRecord(record, log, settings, clock.nowMs(), random, this.#subjectOf(log, record));
    if (!prepared.ok) {
      this.#alarm({ kind: 'inadmissible', record: record.id, cause: prepared.error });
      return;
    }
    this.#queue.admit({ prepared: prepared.value, isAwaited: false, isSettled: () => false, settle: () => undefined });
    this.#schedulePump();
  }

  /** In a microtask, so that records of one turn of the event loop share a transaction. */
  #schedulePump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  /** Idle slots share what waits, so that one signs while another's transaction is under way. */
  #pump(): void {
    const writer = this.#writer;
    if (!writer || this.#writerRefused) return;
    const idle = this.#slots.filter(({ busy }) => !busy);
    for (const [at, slot] of idle.entries()) {
      if (this.#queue.waiting === 0) return;
      const share = Math.ceil(this.#queue.waitingOthers / (idle.length - at));
      const batch = this.#queue.take(share, limits.commitBatchRecords);
      // Only denials wait, of tenants whose last ones are under way.
      if (batch.length === 0) return;
      slot.busy = true;
      void commitBatch(batch, this.#slotParts(slot.lanes, writer)).then(() => {
        slot.busy = false;
        this.#tellIdle();
        this.#pump();
      });
    }
  }

  #slotParts(lanes: WriterLanes, writer: WriterSigner): SlotParts {
    return {
      store: this.#parts.store,
      queue: this.#queue,
      lanes,
      writer,
      random: this.#parts.random,
      pause: (ms) => this.#parts.clock.after(ms * (0.5 + (this.#parts.random(1)[0] ?? 0) / 512)).elapsed,
      onAlarm: (alarm) => this.#alarm(alarm),
      onLateCommit: (prepared, leafHash) => {
        this.#told(prepared, 'drop');
        this.#closeUnused(prepared, leafHash);
      },
      onDropped: (prepared) => void this.#keepLate(prepared, false),
      onRefusedLate: (prepared) => this.#told(prepared, 'free'),
      onAttempt: (succeeded) => {
        if (succeeded) this.#failingSince = undefined;
        else this.#failingSince ??= this.#parts.clock.monotonicMs();
      },
    };
  }

  #alarm(alarm: LedgerAlarm): void {
    if (alarm.kind === 'integrity-hold') {
      const until = this.#parts.clock.monotonicMs() + holdMs;
      for (const origin of alarm.origins) this.#heldUntil.set(origin, until);
    }
    if (alarm.kind === 'writer-refused' && alarm.writer === this.#writer?.id) {
      this.#writerRefused = true;
      for (const waiting of this.#queue.takeAll()) {
        this.#queue.release(waiting);
        if (this.#parts.late) void this.#keepLate(waiting.prepared, false);
        waiting.settle(err('ledger-unavailable'));
      }
    }
    // Never inside the commit: whoever listens cannot hold or break it.
    queueMicrotask(() => this.#parts.onAlarm?.(alarm));
  }

  #tellIdle(): void {
    if (this.#queue.held > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
