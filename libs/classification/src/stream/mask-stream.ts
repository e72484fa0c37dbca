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
  const channel = new Channel({
    find: (text) =>
      scan(text, { role, bundle, expired: () => false }).candidates.filter(
        (each) => each.score >= bundle.threshold(each.class, each.type) && each.class !== 'LINK',
      ),
    replace: (found) => `[${found[0]!.type}]`,
    restore: (text) => text,
    openFrom: (text) => bundle.openFrom(text),
  });
  return {
    push: (chunk) => channel.push(chunk, false).text,
    end: () => channel.push('', true).text,
  };
}
