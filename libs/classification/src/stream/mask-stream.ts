import { isQuiet, RunningComposition } from '../composite.js';
import type { Candidate } from '../detect/rule.js';
import { scan } from '../engine.js';
import { bundleOf, type Taxonomy } from '../taxonomy/taxonomy.js';
import { Channel, lookedThrough } from './channel.js';

/** Text in chunks, out with every finding masked; what is not decided yet is held back. */
export interface MaskingStream {
  push(chunk: string): string;
  end(): string;
}

export function maskStream(taxonomy: Taxonomy, role: string): MaskingStream {
  const bundle = bundleOf(taxonomy);
  const composition = new RunningComposition<Candidate>();
  const find = (text: string): readonly Candidate[] => {
    const { candidates, clinicalWords } = scan(text, { role, bundle, expired: () => false });
    const kept = candidates.filter((each) => bundle.counts(each) || isQuiet(each));
    return composition.compose(kept, clinicalWords).filter((each) => bundle.counts(each));
  };
  const channel = new Channel({
    replace: (found) => `[${found[0]!.type}]`,
    restore: (text) => text,
    openFrom: (text) => bundle.openFrom(text),
    notInside: (_, cut) => cut,
  });
  return {
    push: (chunk) => lookedThrough(channel.push(chunk, false), find).text,
    end: () => lookedThrough(channel.push('', true), find).text,
  };
}
