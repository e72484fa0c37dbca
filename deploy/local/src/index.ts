export { type LocalPostgres, type LocalPostgresOptions, startPostgres } from './postgres.js';
export { type LocalRedis, type LocalRedisOptions, startRedis } from './redis.js';
export { type Log, freePort } from './ground.js';
export { breakOneByte, exportLedger, verifyExport } from './evidence.js';
export { accessToken, control, mintToken, onboard, publishPolicy, type OnboardedTenant } from './onboard.js';
export { repository, startApp, type RunningApp } from './processes.js';
export { addedMilliseconds, demoRequests, recordedDecision, send } from './requests.js';
export { startStack, type Stack, type StackOptions } from './stack.js';
export { TenantApiError, TenantClient } from './tenant-client.js';
