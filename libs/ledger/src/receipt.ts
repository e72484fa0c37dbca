import type { EvidenceLevel } from '@writ/domain';
import type { LedgerRecord } from './record.js';

/**
 * Proof that a record is committed; the key that opens the next step. Only `commit` makes one: the class is not exported
 * by the lib, only its type, and the private field keeps look-alikes out.
 */
export class CommittedReceipt<R extends LedgerRecord> {
  readonly #committed = true;
  constructor(
    readonly record: R,
    /** RFC 6962 leaf hash, hex. */
    readonly leafHash: string,
    readonly level: EvidenceLevel,
  ) {
    Object.freeze(this);
  }

  /** False for an object that merely looks like a receipt. */
  static isGenuine(value: object): boolean {
    return #committed in value && value.#committed;
  }
}

export type Receipt<R extends LedgerRecord> = CommittedReceipt<R>;

/** True for what `commit` made, false for anything that merely looks like it. */
export function isReceipt(value: object): boolean {
  return CommittedReceipt.isGenuine(value);
}
