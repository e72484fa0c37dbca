import { parentPort } from 'node:worker_threads';
import type { PoolAnswer, PoolMessage } from './pool.js';
import { scanLeaves } from './scan-leaves.js';
import { bundleOf, loadTaxonomy, type Taxonomy } from './taxonomy/taxonomy.js';

/** Compiled bundles by the pool's number. The pool says which to forget. */
const bundles = new Map<number, Taxonomy>();

function bundleFor({ bundle, source, forget }: PoolMessage): Taxonomy {
  if (forget !== undefined) bundles.delete(forget);
  const known = bundles.get(bundle);
  if (known) return known;
  if (!source) throw new Error('the pool sent no source for this bundle');
  const loaded = loadTaxonomy(source);
  if (!loaded.ok) throw new Error(loaded.error.join('; '));
  bundles.set(bundle, loaded.value);
  return loaded.value;
}

function answer(message: PoolMessage): PoolAnswer {
  const { job, leaves, digestKey, budgetMs } = message;
  try {
    const until = performance.now() + budgetMs;
    const expired = (): boolean => performance.now() > until;
    return { job, ok: true, scans: scanLeaves(leaves, bundleOf(bundleFor(message)), { digestKey, expired }) };
  } catch {
    // The pool turns this into an incomplete result, which policy denies by default.
    return { job, ok: false };
  }
}

parentPort?.on('message', (message: PoolMessage) => {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin.
  parentPort?.postMessage(answer(message));
});
