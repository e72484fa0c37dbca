import type { TenantId } from '@writ/domain';
import type { RedisConnection, Script } from './connection.js';
import { keyOf } from './key.js';

/** Proofs that were seen by any process; fits `Replays` of identity. */
export interface SharedReplays {
  /** True the first time, false after that, undefined when Redis cannot tell. */
  first(tenant: TenantId, names: readonly string[], ttlMs: number): Promise<boolean | undefined>;
}

const firstScript: Script = {
  name: 'writFirst',
  lua: `return redis.call('SET', KEYS[1], '1', 'PX', ARGV[1], 'NX') and 1 or 0`,
};

/** While Redis is out nobody knows whether a proof is new, so it is not accepted: only bound tokens wait for Redis. */
export function sharedReplays(redis: RedisConnection): SharedReplays {
  return {
    async first(tenant, names, ttlMs) {
      const reply = await redis.run(firstScript, [keyOf(tenant, 'proof', ...names)], [ttlMs]);
      return reply.ok ? reply.value === 1 : undefined;
    },
  };
}
