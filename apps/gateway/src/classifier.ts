import { ClassifierPool, classifyPlanned, LeafCache, planClassification } from '@writ/classification';
import { limits } from '@writ/domain';
import { FairTurns, type ClassifierPort, type Neighbours } from '@writ/enforcement';
import type { Clock } from '@writ/platform';

/**
 * Leaves that this process read before are recalled. Of the others, small inputs are classified where they arrive; larger
 * ones on worker threads, so that one tenant's long prompt does not hold the event loop that every tenant shares. The
 * threads are started by the first input that needs them. Tenants take turns, so that nobody waits behind another's thousands.
 */
export function createClassifier(
  clock: Clock,
  neighbours: Pick<Neighbours, 'areSeveral'>,
): ClassifierPort & { close(): Promise<void> } {
  const cache = new LeafCache();
  const turns = new FairTurns(
    () => (neighbours.areSeveral() ? limits.classificationSharedTurnMs : limits.classificationTurnMs),
    () => clock.monotonicMs(),
    (then) => void setImmediate(then),
  );
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
    async close() {
      await pool?.close();
    },
  };
}
