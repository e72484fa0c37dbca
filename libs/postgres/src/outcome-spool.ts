import {
  type RecordId,
  type TenantContext,
  type TenantId,
  parseRecordId,
  parseTenantId,
  tenantOfJob,
} from '@writ/domain';
import type { LateOutcomes, LogContext, OutcomeRecord, WritingLedger } from '@writ/ledger';
import type { SealedFolder } from '@writ/platform';

export interface OutcomeSpoolParts {
  readonly folder: SealedFolder;
  /** Of this process: files of a process that lives are left to it. */
  readonly pid: number;
  readonly isAlive: (pid: number) => boolean;
  /** What is needed to write into a tenant's log; undefined while that cannot be known. */
  readonly logOf: (tenant: TenantContext) => Promise<LogContext | undefined>;
  readonly onProblem: (problem: string) => void;
}

/** `<record>.<pid>.held`: the ledger may still commit it. `<record>.<pid>.late`: nobody will but the spool. */
interface SpoolFile {
  readonly name: string;
  readonly record: RecordId;
  readonly pid: number;
  readonly isHeld: boolean;
}

/**
 * Outcomes that were due while the ledger was out, on this machine's disk, encrypted and flushed: a process that is killed
 * meanwhile does not take them along. They go into the ledger once it is back, marked late, their answers never sent.
 */
export class OutcomeSpool implements LateOutcomes {
  readonly #parts: OutcomeSpoolParts;
  #isDraining = false;

  constructor(parts: OutcomeSpoolParts) {
    this.#parts = parts;
  }

  async keep(log: LogContext, record: OutcomeRecord, isHeld: boolean): Promise<void> {
    const { folder } = this.#parts;
    const { tenant } = log.tenant;
    await folder.write(this.#nameOf(record.id, isHeld), Buffer.from(JSON.stringify({ tenant, record })));
    if (!isHeld) await folder.remove(this.#nameOf(record.id, true));
  }

  async free(record: RecordId): Promise<void> {
    await this.#parts.folder.rename(this.#nameOf(record, true), this.#nameOf(record, false));
  }

  async drop(record: RecordId): Promise<void> {
    await this.#parts.folder.remove(this.#nameOf(record, true));
    await this.#parts.folder.remove(this.#nameOf(record, false));
  }

  /** Commits what lies here, of this process and of such as have died. Answers how many went into the ledger. */
  async drain(ledger: Pick<WritingLedger, 'commitLate'>): Promise<number> {
    if (this.#isDraining) return 0;
    this.#isDraining = true;
    try {
      let committed = 0;
      for (const file of await this.#files()) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other: nobody waits for them
        if (await this.#commit(file, ledger)) committed += 1;
      }
      return committed;
    } finally {
      this.#isDraining = false;
    }
  }

  async #commit(file: SpoolFile, ledger: Pick<WritingLedger, 'commitLate'>): Promise<boolean> {
    const { folder, pid, isAlive, logOf, onProblem } = this.#parts;
    const isMine = file.pid === pid;
    if (isMine ? file.isHeld : isAlive(file.pid)) return false;
    const name = this.#nameOf(file.record, false);
    if (!isMine && !(await folder.rename(file.name, name))) return false;
    try {
      const bytes = await folder.read(name);
      const kept = bytes && parse(bytes);
      if (!kept) throw new Error('it holds no outcome');
      const log = await logOf(tenantOfJob(kept.tenant));
      if (log === undefined || !(await ledger.commitLate(log, kept.record))) return false;
      await folder.remove(name);
      return true;
    } catch (cause) {
      onProblem(`the late outcome ${file.record} cannot be read back: ${String(cause)}`);
      return false;
    }
  }

  async #files(): Promise<readonly SpoolFile[]> {
    const names = await this.#parts.folder.names();
    return names.flatMap((name) => {
      const [, id = '', pid, state] = /^([0-9a-f-]{36})\.([0-9]+)\.(held|late)$/.exec(name) ?? [];
      const record = parseRecordId(id);
      return record.ok ? [{ name, record: record.value, pid: Number(pid), isHeld: state === 'held' }] : [];
    });
  }

  #nameOf(record: RecordId, isHeld: boolean): string {
    return `${record}.${this.#parts.pid}.${isHeld ? 'held' : 'late'}`;
  }
}

/** Sealed by this deployment's key, so its form is our own. */
function parse(bytes: Uint8Array): { readonly tenant: TenantId; readonly record: OutcomeRecord } | undefined {
  const value = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
    readonly tenant?: string;
    readonly record?: OutcomeRecord;
  };
  const tenant = parseTenantId(value.tenant ?? '');
  return tenant.ok && value.record?.kind === 'outcome' ? { tenant: tenant.value, record: value.record } : undefined;
}
