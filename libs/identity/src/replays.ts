import type { TenantId } from '@writ/domain';

/** Remembers proofs that were seen, for as long as they are valid. */
export interface Replays {
  /** True the first time, false after that, undefined when nobody can tell. */
  first(tenant: TenantId, names: readonly string[], ttlMs: number): Promise<boolean | undefined>;
}

const remembered = 200_000;

/** The memory of one process, for a gateway that runs as one. When it is full it does not know, and does not guess. */
export function localReplays(nowMs: () => number): Replays {
  const seen = new Map<string, number>();
  return {
    first(tenant, names, ttlMs) {
      const now = nowMs();
      // In order of arrival, so the expired stand first.
      for (const [name, untilMs] of seen) {
        if (untilMs > now) break;
        seen.delete(name);
      }
      const name = JSON.stringify([tenant, ...names]);
      if ((seen.get(name) ?? 0) > now) return Promise.resolve(false);
      if (seen.size >= remembered) return Promise.resolve(undefined);
      seen.set(name, now + ttlMs);
      return Promise.resolve(true);
    },
  };
}
