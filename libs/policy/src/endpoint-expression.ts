import type { Comparison, Leaf, Normal } from './expression.js';

/** A condition over endpoints, and the answer of what is unknown in it. */
export interface EndpointExpression {
  readonly unknownIsTrue: boolean;
  readonly when: Normal;
}

/**
 * As an image keeps it, a third as long as its plain JSON: `&` and `|` before their items, a constant as itself, a
 * condition as the first letter of its kind (capital when negated) and its parts.
 */
type Written =
  | boolean
  | readonly ['&' | '|', ...Written[]]
  | readonly [letter: string, path: string, ...rest: readonly (string | number | readonly string[])[]];

const letters = { text: 't', any: 'a', subset: 's', range: 'r', pair: 'p' } as const;

/** One text for one meaning: equal texts share a number, and at link a bitmap. */
export function writeEndpointExpression({ unknownIsTrue, when }: EndpointExpression): string {
  return JSON.stringify([unknownIsTrue ? 1 : 0, written(when)]);
}

function written(part: Normal): Written {
  if (part.kind === 'constant') return part.value;
  if (part.kind !== 'leaf') return [part.kind === 'and' ? '&' : '|', ...part.items.map(written)];
  const { leaf, negated } = part;
  if (leaf.kind === 'class' || leaf.kind === 'has') throw new Error(`${leaf.kind} is not of endpoints`);
  const letter = negated ? letters[leaf.kind].toUpperCase() : letters[leaf.kind];
  if (leaf.kind === 'range') return [letter, leaf.path, leaf.low, leaf.high];
  if (leaf.kind === 'pair') return [letter, leaf.left, leaf.op, leaf.right];
  return [letter, leaf.path, leaf.values];
}

/** What `writeEndpointExpression` wrote, parsed as JSON; throws at anything else. */
export function readEndpointExpression([unknownIsTrue, when]: readonly [number, Written]): EndpointExpression {
  return { unknownIsTrue: unknownIsTrue === 1, when: read(when) };
}

function read(part: Written): Normal {
  if (typeof part === 'boolean') return { kind: 'constant', value: part };
  const [letter, ...rest] = part;
  if (letter === '&' || letter === '|')
    return { kind: letter === '&' ? 'and' : 'or', items: rest.map((item) => read(item as Written)) };
  const lower = letter.toLowerCase();
  return { kind: 'leaf', leaf: readLeaf(lower, rest), negated: letter !== lower };
}

function readLeaf(letter: string, [path, second, third]: readonly unknown[]): Leaf {
  if (typeof path === 'string') {
    if (Array.isArray(second)) {
      const kind = ({ t: 'text', a: 'any', s: 'subset' } as const)[letter];
      if (kind !== undefined) return { kind, path, values: second as readonly string[] };
    }
    if (letter === 'r' && typeof second === 'number' && typeof third === 'number')
      return { kind: 'range', path, low: second, high: third };
    if (letter === 'p' && typeof third === 'string')
      return { kind: 'pair', left: path, op: second as Comparison, right: third };
  }
  throw new RangeError('an endpoint expression is not of this layout');
}
