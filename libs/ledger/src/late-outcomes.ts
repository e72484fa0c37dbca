import type { RecordId } from '@writ/domain';
import type { LogContext } from './ledger.js';
import type { OutcomeRecord } from './record.js';

/**
 * Keeps outcomes that were due while the store was out, where a kill of the process does not reach them. What it keeps is the
 * bare fact: the answer itself was destroyed.
 */
export interface LateOutcomes {
  /** Resolves once it is kept. `isHeld`: the ledger still has it under way, and will say how that ended. */
  keep(log: LogContext, record: OutcomeRecord, isHeld: boolean): Promise<void>;
  /** The ledger gave a held one up: it is for whoever keeps it to bring it in. */
  free(record: RecordId): Promise<void>;
  /** It is durable. */
  drop(record: RecordId): Promise<void>;
}

/** What is kept of an outcome whose answer was destroyed. */
export function bareOutcome(record: OutcomeRecord): OutcomeRecord {
  const { response: _destroyed, ...bare } = record;
  return { ...bare, late: true };
}
