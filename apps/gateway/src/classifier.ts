import { ClassifierPool, classify } from '@writ/classification';
import { limits } from '@writ/domain';
import type { ClassifierPort } from '@writ/enforcement';
import type { Clock } from '@writ/platform';

/**
 * Small inputs are classified where they arrive; larger ones on worker threads, so that one tenant's long prompt does not
 * hold the event loop that every tenant shares. The threads are started by the first input that needs them.
 */
export function createClassifier(clock: Clock): ClassifierPort & { close(): Promise<void> } {
  let pool: ClassifierPool | undefined;
  return {
    async classify({ leaves, attachments }, { snapshot, taxonomy, digestKey }) {
      const characters = leaves.reduce((sum, leaf) => sum + leaf.text.length, 0);
      if (characters > limits.classificationInlineCharacters) {
        pool ??= new ClassifierPool();
        const budgetMs = limits.classificationMs;
        return await pool.classify({ leaves, source: snapshot.taxonomy, digestKey, attachments, budgetMs });
      }
      const until = clock.monotonicMs() + limits.classificationMs;
      return classify(leaves, taxonomy, { digestKey, attachments, expired: () => clock.monotonicMs() > until });
    },
    async close() {
      await pool?.close();
    },
  };
}
