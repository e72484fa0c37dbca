import type { Connection } from './schema/building-blocks.js';

/** A page from one row more than was asked for; the cursor is the last node's id. */
export function pageOf<T extends { readonly id: string }>(rows: readonly T[], first: number): Connection<T> {
  const shown = rows.slice(0, first);
  return {
    edges: shown.map((node) => ({ cursor: node.id, node })),
    pageInfo: { hasNextPage: rows.length > first, endCursor: shown.at(-1)?.id ?? null },
  };
}
