import { type Classification, type Decision, limits } from '@writ/domain';
import { classDifference, type Tried } from '@writ/classification';
import type { ShadowTaxonomy } from '@writ/ledger';
import { changesBetween, decideQuickly } from '@writ/policy';
import { type Exchange, phase, type TaxonomyTrial } from './exchange.js';
import { factsReviewed } from './review.js';

/**
 * Has the request read by the taxonomy on trial as well, as often as the tenant wants it, while its own way goes on. Whatever
 * goes wrong with that is something to record, and nothing else.
 */
export function beginTrial(exchange: Exchange): void {
  const { held, ports } = exchange;
  const { shadowTaxonomy } = held.snapshot;
  if (!shadowTaxonomy || !(ports.ids.random() * 1_000 < shadowTaxonomy.perMille)) return;
  // A candidate that is not what its type says is no reason to refuse anything: its thread finds it damaged.
  const version: unknown = shadowTaxonomy.source?.version;
  exchange.trial = new Trial(typeof version === 'string' ? version : 'unknown', triedBy(exchange));
}

class Trial implements TaxonomyTrial {
  tried: Tried | undefined;
  readonly ended: Promise<void>;

  constructor(
    readonly version: string,
    tried: Promise<Tried>,
  ) {
    this.ended = tried.then((one) => {
      this.tried = one;
    });
  }
}

async function triedBy({ ask, held, ports: { classifier } }: Exchange): Promise<Tried> {
  try {
    return (await classifier.tryTaxonomy?.(ask, held)) ?? { state: 'busy' };
  } catch {
    // Said in the record; the request has nothing to do with it.
    return { state: 'failed' };
  }
}

/** Waits for the trial of a request that is decided, for `trialWaitMs` at most: its record must be made before anything else happens. */
export function trialEnded(exchange: Exchange): Promise<void> | undefined {
  const { trial, ports } = exchange;
  if (trial === undefined || trial.tried !== undefined) return undefined;
  return phase(exchange, 'trial', async () => {
    const late = ports.clock.after(limits.trialWaitMs);
    await Promise.race([trial.ended, late.elapsed]);
    late.cancel();
  });
}

/**
 * What the taxonomy on trial would have made of the request, for the record of the decision that was made: classes and counts,
 * and what the policy in force would have decided by them. A trial that is not over by now was late.
 */
export function triedTaxonomyOf(exchange: Exchange, decision: Decision): { readonly shadowTaxonomy?: ShadowTaxonomy } {
  const { trial } = exchange;
  if (trial === undefined) return {};
  const { version, tried = { state: 'late' as const } } = trial;
  if (tried.state !== 'read') return { shadowTaxonomy: { version, state: tried.state } };
  try {
    return { shadowTaxonomy: compared(exchange, decision, version, tried.classification) };
  } catch {
    // The decision was made without it, and its record says that there is nothing to compare.
    return { shadowTaxonomy: { version, state: 'failed' } };
  }
}

function compared(exchange: Exchange, decision: Decision, version: string, candidate: Classification): ShadowTaxonomy {
  const { classification, facts, held } = exchange;
  // Two readings of which one did not come to its end differ by what was not read.
  if (classification === undefined || !isReadAlike(classification, candidate)) return { version, state: 'late' };
  const read = { version, state: 'read', ...classDifference(classification, candidate) } as const;
  if (facts === undefined) return read;
  const trialDecision = decideQuickly(held.policy, factsReviewed(exchange, candidate));
  return { ...read, effect: trialDecision.effect, changes: changesBetween(decision, trialDecision) };
}

function isReadAlike(live: Classification, candidate: Classification): boolean {
  return live.incompleteBecause.join(' ') === candidate.incompleteBecause.join(' ');
}
