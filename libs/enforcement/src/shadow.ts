import type { Decision } from '@writ/domain';
import type { ShadowDecision } from '@writ/ledger';
import { changesBetween, decideQuickly } from '@writ/policy';
import type { Exchange } from './exchange.js';

/**
 * What the version on trial would have decided, for the record of the decision that was made. It reads frozen facts, its
 * answer goes nowhere else, and a version that cannot be evaluated shows as a deny: the outcome never depends on it.
 */
export function shadowOf(
  { held, facts }: Pick<Exchange, 'held' | 'facts'>,
  decision: Decision,
): { readonly shadow?: ShadowDecision } {
  if (held.shadow === undefined || facts === undefined) return {};
  const trial = decideQuickly(held.shadow, facts.facts);
  const { version, hash } = trial.policy;
  return { shadow: { version, hash, effect: trial.effect, changes: changesBetween(decision, trial) } };
}
