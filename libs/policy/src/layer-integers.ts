import type { Integers, LinkedLayer } from './link-layer.js';
import { type View, readFact } from './read-fact.js';

/** The integers that endpoint comparisons of a layer need, read the plain way. */
export function layerIntegers({ reader }: LinkedLayer, view: View): Integers {
  return {
    integer: (slot) => {
      const fact = readFact(view, reader.slots[slot]?.path ?? '');
      return typeof fact === 'number' ? fact : undefined;
    },
  };
}
