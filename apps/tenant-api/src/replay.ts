import { type Result, err, ok } from '@writ/domain';
import type { LogContext } from '@writ/ledger';
import { type Diagnostic, type SimulationReport, mergeSimulations, policyLimits } from '@writ/policy';
import type { Tasks } from '@writ/policy/prove';
import { refusalOf } from './policy-work.js';
import type { DecisionQuery, FactPage, Ports } from './ports.js';
import type { UserError } from './schema/building-blocks.js';

/** How far a replay came, and what it found. */
export interface Replayed extends Pick<FactPage, 'unreadable' | 'reached' | 'complete'> {
  readonly report: SimulationReport | undefined;
}

export const nothingReplayed: Replayed = { report: undefined, unreadable: 0, complete: false };

/**
 * Replays recorded requests through two versions, page by page on the workshop's threads, until the window, the number
 * asked for, or the time is at its end. What was found until then is the answer, with the decision it reached.
 */
export async function replay(
  { evidence, policy, nowMs }: Pick<Ports, 'evidence' | 'policy' | 'nowMs'>,
  log: LogContext,
  query: DecisionQuery,
  versions: Omit<Tasks['simulate']['ask'], 'records'>,
): Promise<Result<Replayed, UserError | readonly Diagnostic[]>> {
  const until = nowMs() + policyLimits.replayMs;
  let replayed = nothingReplayed;
  for await (const { records, unreadable, reached, complete } of evidence.factPages(log, query)) {
    const part = await policy.perform(log.tenant.tenant, 'simulate', { ...versions, records });
    if (!part.ok) return err(refusalOf(part.error));
    if (!part.value.ok) return part.value;
    const { report: before } = replayed;
    replayed = {
      report: before === undefined ? part.value.value : mergeSimulations(before, part.value.value),
      unreadable: replayed.unreadable + unreadable,
      complete,
      ...(reached !== undefined && { reached }),
    };
    if (nowMs() >= until) break;
  }
  return ok(replayed);
}
