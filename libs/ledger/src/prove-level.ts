import type { OpenCheckpoint } from './checkpoint.js';
import type { LedgerClock, LedgerParts } from './ledger-parts.js';
import { provesInclusion, provesWitness } from './evidence.js';
import type { PreparedRecord } from './leaf.js';

/** Evidence counts only when it leads to this very leaf, and every signature on the way is one that this process trusts. */
export async function isProven(
  {
    store,
    clock,
    logKeys,
    witnesses,
    open,
  }: Pick<LedgerParts, 'store' | 'logKeys' | 'witnesses'> & {
    readonly clock: LedgerClock;
    readonly open: OpenCheckpoint;
  },
  { log, record }: PreparedRecord,
  leafHash: Uint8Array,
  level: 'receipted' | 'witnessed',
  until: number,
): Promise<boolean> {
  const remainingMs = until - clock.monotonicMs();
  if (remainingMs <= 0) return false;
  const timer = clock.after(remainingMs);
  const tooLate = timer.elapsed.then(() => undefined);
  const { tenant } = log.tenant;
  try {
    if (level === 'receipted') {
      const evidence = await Promise.race([store.inclusion?.(tenant, record.id, remainingMs), tooLate]);
      return evidence !== undefined && provesInclusion(evidence, log.origin, leafHash, logKeys(), open);
    }
    const evidence = await Promise.race([store.witnessed?.(tenant, record.id, remainingMs), tooLate]);
    if (!evidence || !witnesses) return false;
    return provesWitness(evidence, log.origin, leafHash, logKeys(), witnesses, open);
  } catch {
    return false;
  } finally {
    timer.cancel();
  }
}
