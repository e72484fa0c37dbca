import { isQuiet, RunningComposition } from '../composite.js';
import type { Candidate } from '../detect/rule.js';
import { scan } from '../engine.js';
import { bundleOf, type Taxonomy } from '../taxonomy/taxonomy.js';
import { Channel } from './channel.js';

/** Text in chunks, out with every finding masked; what is not decided yet is held back. */
export interface MaskingStream {
  push(chunk: string): string;
  end(): string;
}

export function maskStream(taxonomy: Taxonomy, role: string): MaskingStream {
  const bundle = bundleOf(taxonomy);
  const composition = new RunningComposition<Candidate>();
  const channel = new Channel({
    find: (text) => {
      const { candidates, clinicalWords } = scan(text, { role, bundle, expired: () => false });
      const kept = candidates.filter((each) => bundle.counts(each) || isQuiet(each));
      return composition.compose(kept, clinicalWords).filter((each) => bundle.counts(each));
    },
    replace: (found) => `[${found[0]!.type}]`,
    restore: (text) => text,
    openFrom: (text) => bundle.openFrom(text),
    notInside: (_, cut) => cut,
  });
  return {
    push: (chunk) => channel.push(chunk, false).text,
    end: () => channel.push('', true).text,
  };
}
