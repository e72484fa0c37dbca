/** What a gateway process tells its primary. */
export type ToPrimary =
  /** It serves this tenant: a successor should know it before it listens. */
  | { readonly kind: 'serves'; readonly tenant: string }
  /** It starts, and asks whom to prepare for. */
  | { readonly kind: 'starts' };

/** What the primary tells a gateway process. */
export type ToWorker =
  /** The tenants in use, the most recent first. */
  | { readonly kind: 'prepare'; readonly tenants: readonly string[] }
  /** Answer what is under way and end. `idleMs`: how long idle connections may wait for their next request. */
  | { readonly kind: 'shut-down'; readonly idleMs: number };

export function isToPrimary(message: unknown): message is ToPrimary {
  const kind = kindOf(message);
  return (
    kind === 'starts' || (kind === 'serves' && typeof (message as { readonly tenant?: unknown }).tenant === 'string')
  );
}

export function isToWorker(message: unknown): message is ToWorker {
  const kind = kindOf(message);
  return kind === 'prepare' || kind === 'shut-down';
}

function kindOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'kind' in message ? message.kind : undefined;
}
