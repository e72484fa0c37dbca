import { unreachable } from '@writ/domain';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/**
 * One condition after type checking. Six shapes carry the whole language: texts and lists compare with sets, integers
 * with inclusive ranges (booleans are 0 and 1, scores per mille, dates yyyymmdd), and two integers with each other.
 */
export type Leaf =
  | { readonly kind: 'text'; readonly path: string; readonly values: readonly string[] }
  | { readonly kind: 'any'; readonly path: string; readonly values: readonly string[] }
  | { readonly kind: 'subset'; readonly path: string; readonly values: readonly string[] }
  | { readonly kind: 'range'; readonly path: string; readonly low: number; readonly high: number }
  | { readonly kind: 'class'; readonly name: string; readonly low: number; readonly high: number }
  | { readonly kind: 'pair'; readonly left: string; readonly op: Comparison; readonly right: string }
  | { readonly kind: 'has'; readonly path: string };

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Expression[] }
  | { readonly kind: 'not'; readonly item: Expression }
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'leaf'; readonly leaf: Leaf };

/** Negation normal form: negation only at the leaves, so each leaf can carry its answer-if-unknown. */
export type Normal =
  | { readonly kind: 'and' | 'or'; readonly items: readonly Normal[] }
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'leaf'; readonly leaf: Leaf; readonly negated: boolean };

export const lowest = -2_147_483_648;
export const highest = 2_147_483_647;

/** Pushes negation down to the leaves, folds constants, and flattens nested chains of one connective. */
export function normalize(expression: Expression, negated = false): Normal {
  switch (expression.kind) {
    case 'constant':
      return { kind: 'constant', value: expression.value !== negated };
    case 'leaf':
      return { kind: 'leaf', leaf: expression.leaf, negated };
    case 'not':
      return normalize(expression.item, !negated);
    case 'and':
    case 'or':
      return join(
        (expression.kind === 'and') === negated ? 'or' : 'and',
        expression.items.map((item) => normalize(item, negated)),
      );
    default:
      return unreachable(expression);
  }
}

/** `and` or `or` of parts, with constants folded away. */
export function join(kind: 'and' | 'or', parts: readonly Normal[]): Normal {
  const neutral = kind === 'and';
  const items: Normal[] = [];
  for (const part of parts) {
    if (part.kind === 'constant') {
      if (part.value !== neutral) return part;
    } else if (part.kind === kind) items.push(...part.items);
    else items.push(part);
  }
  if (items.length === 0) return { kind: 'constant', value: neutral };
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { kind, items };
}

/** Every leaf of a normal form, from left to right. */
export function* leavesOf(normal: Normal): Generator<{ readonly leaf: Leaf; readonly negated: boolean }> {
  if (normal.kind === 'leaf') yield normal;
  else if (normal.kind !== 'constant') for (const item of normal.items) yield* leavesOf(item);
}
