import type { Finding, Leaf } from '@writ/domain';
import { scan } from './engine.js';
import { bundleOf, type Taxonomy } from './taxonomy/taxonomy.js';

/** Replays one finding over its leaf and tells the steps of its score, without the value. */
export function explain(finding: Finding, leaf: Leaf, taxonomy: Taxonomy): readonly string[] {
  const scope = { key: leaf.key, role: leaf.role, bundle: bundleOf(taxonomy), expired: () => false };
  const found = scan(leaf.text, scope).candidates.find(
    (each) => each.start === finding.start && each.end === finding.end && each.type === finding.type,
  );
  if (!found) return ['the engine of today does not find this any more'];
  const cues = found.cues.map((cue) => `cue: ${cue}`);
  const composed = finding.class === 'PHI' && found.class !== 'PHI' ? ['identifier in clinical context'] : [];
  return [`detector ${found.detector}`, ...found.steps, ...cues, ...composed];
}
