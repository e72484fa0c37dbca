export {
  connectRedis,
  type Outage,
  type ConnectionSettings,
  type RedisConnection,
  type RedisSettings,
} from './connection.js';
export {
  openJobs,
  type Jobs,
  type JobsSettings,
  type QueueBackend,
  type QueueEntry,
  type QueueWorker,
} from './jobs.js';
export { keyOf } from './key.js';
export { noRedis } from './no-redis.js';
export type { BudgetKey, BudgetLease, BudgetLeases, LeaseRefusal } from './leases.js';
export { createLimits, type Limits, type LimitsNeeds, type LimitsState, type Reserved } from './limits.js';
export { inputTokensAtMost, worstCase, type OutputLimit, type WorstCase } from './worst-case.js';
export { sharedReplays, type SharedReplays } from './replays.js';
export { sharedRests, type SharedRests, type SharedRestsNeeds } from './shared-rests.js';
