/** What a gateway process tells its primary. */
export type ToPrimary =
  /** It serves this tenant: a successor should know it before it listens. */
  | { readonly kind: 'serves'; readonly tenant: string }
  /** It starts, and asks whom to prepare for. */
  | { readonly kind: 'starts' }
  /** Whether this machine's clock is too far from the database's; told when that changes. */
  | { readonly kind: 'clock'; readonly isOff: boolean };

/** What the primary tells a gateway process. */
export type ToWorker =
  /** The tenants in use, the most recent first. */
  | { readonly kind: 'prepare'; readonly tenants: readonly string[] }
  /** Answer what is under way and end. `idleMs`: how long idle connections may wait for their next request. */
  | { readonly kind: 'shut-down'; readonly idleMs: number };

export function isToPrimary(message: unknown): message is ToPrimary {
  switch (kindOf(message)) {
    case 'starts':
      return true;
    case 'serves':
      return typeof (message as { readonly tenant?: unknown }).tenant === 'string';
    case 'clock':
      return typeof (message as { readonly isOff?: unknown }).isOff === 'boolean';
    default:
      return false;
  }
}

export function isToWorker(message: unknown): message is ToWorker {
  const kind = kindOf(message);
  return kind === 'prepare' || kind === 'shut-down';
}

function kindOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'kind' in message ? message.kind : undefined;
}
