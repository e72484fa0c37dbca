import { parentPort } from 'node:worker_threads';
import { unreachable } from '@writ/domain';
import { classify } from './classify.js';
import { scan } from './engine.js';
import { LeafCache } from './leaf-cache.js';
import { scanLeaves } from './scan-leaves.js';
import { bundleOf, loadTaxonomy, type Taxonomy } from './taxonomy/taxonomy.js';
import { ready, type Answer, type Message, type Read } from './threads.js';

/** Compiled bundles by their number; undefined for one that does not load. The sender says which to forget. */
const bundles = new Map<number, Taxonomy | undefined>();
/** A conversation on trial sends its history again, as every other does. */
const remembered = new LeafCache({ bytes: 8 * 1024 * 1024, tenantBytes: 2 * 1024 * 1024 });

function bundleFor({ bundle, source, forget }: Message): Taxonomy | undefined {
  if (forget !== undefined) bundles.delete(forget);
  if (bundles.has(bundle)) return bundles.get(bundle);
  if (!source) throw new Error('no source came for this bundle');
  const loaded = loadTaxonomy(source);
  const taxonomy = loaded.ok ? loaded.value : undefined;
  bundles.set(bundle, taxonomy);
  return taxonomy;
}

function read({ task, digestKey, budgetMs }: Message, taxonomy: Taxonomy, fromMs: number): Read {
  const until = performance.now() + budgetMs;
  const expired = (): boolean => performance.now() > until;
  const spent = <R extends object>(done: R): R & { readonly spentMs: number } => ({
    ...done,
    spentMs: performance.now() - fromMs,
  });
  const bundle = bundleOf(taxonomy);
  switch (task.kind) {
    case 'leaves':
      return spent({ kind: 'leaves', found: scanLeaves(task.leaves, bundle, { digestKey, expired }) });
    case 'answer':
      return spent({ kind: 'answer', found: scan(task.text, { role: 'assistant', bundle, expired }) });
    case 'trial': {
      const { tenant, leaves, attachments } = task;
      const memory = { cache: remembered, tenant };
      return spent({ kind: 'trial', found: classify(leaves, taxonomy, { digestKey, attachments, memory, expired }) });
    }
    default:
      return unreachable(task);
  }
}

function answer(message: Message): Answer {
  const { job } = message;
  const fromMs = performance.now();
  let taxonomy: Taxonomy | undefined;
  try {
    taxonomy = bundleFor(message);
  } catch {
    // What is no source at all does not load either.
    return { job, ok: false, because: 'taxonomy:damaged' };
  }
  if (!taxonomy) return { job, ok: false, because: 'taxonomy:damaged' };
  try {
    return { job, ok: true, read: read(message, taxonomy, fromMs) };
  } catch {
    // Whoever asked turns this into an incomplete result, which policy denies by default.
    return { job, ok: false, because: 'detector:failed' };
  }
}

parentPort?.on('message', (message: Message) => {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin.
  parentPort?.postMessage(answer(message));
});
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin.
parentPort?.postMessage(ready);
