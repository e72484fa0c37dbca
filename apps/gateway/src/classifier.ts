import {
  type AnswerScan,
  ClassifierPool,
  classifyPlanned,
  LeafCache,
  planClassification,
  TaxonomyTrials,
} from '@writ/classification';
import { limits, type Result } from '@writ/domain';
import { FairTurns, type ClassifierPort, type Held, type Neighbours } from '@writ/enforcement';
import type { Clock } from '@writ/platform';

/**
 * Leaves that this process read before are recalled. Of the others, small inputs are classified where they arrive; larger
 * ones, and long words of answers, on worker threads, so that one tenant's long text does not hold the event loop that every
 * tenant shares. The threads are started by the first text that needs them. Tenants take turns, so that nobody waits behind
 * another's thousands; while somebody waits, no taxonomy is tried.
 */
export function createClassifier(
  clock: Clock,
  neighbours: Pick<Neighbours, 'areSeveral'>,
): Required<ClassifierPort> & { close(): Promise<void> } {
  const cache = new LeafCache();
  const turns = new FairTurns(
    () => (neighbours.areSeveral() ? limits.classificationSharedTurnMs : limits.classificationTurnMs),
    () => clock.monotonicMs(),
    (then) => void setImmediate(then),
  );
  const trials = new TaxonomyTrials(() => clock.monotonicMs());
  let pool: ClassifierPool | undefined;
  const classify: ClassifierPort['classify'] = async ({ leaves, attachments }, { snapshot, taxonomy, digestKey }) => {
    const memory = { cache, tenant: snapshot.tenant };
    const plan = planClassification(leaves, taxonomy, { digestKey, attachments, memory });
    const budgetMs = limits.classificationMs;
    if (plan.missingCharacters > limits.classificationInlineCharacters) {
      pool ??= new ClassifierPool();
      return await pool.classify({ plan, taxonomy, source: snapshot.taxonomy, digestKey, budgetMs });
    }
    const until = clock.monotonicMs() + budgetMs;
    return classifyPlanned(plan, taxonomy, { digestKey, expired: () => clock.monotonicMs() > until });
  };
  return {
    classify: (ask, held) => turns.take(held.snapshot.tenant, () => classify(ask, held)),
    readAnswer(text, { snapshot, digestKey }, budgetMs): Promise<Result<AnswerScan, string>> {
      pool ??= new ClassifierPool();
      return pool.readAnswer({ text, source: snapshot.taxonomy, digestKey, budgetMs });
    },
    tryTaxonomy({ leaves, attachments }, { snapshot: { tenant, shadowTaxonomy }, digestKey }: Held) {
      if (shadowTaxonomy === undefined || turns.hasWaiting) return Promise.resolve({ state: 'busy' });
      return trials.read({ tenant, leaves, attachments, source: shadowTaxonomy.source, digestKey });
    },
    async close() {
      await Promise.all([pool?.close(), trials.close()]);
    },
  };
}
