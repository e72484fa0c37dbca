export { type LocalPostgres, type LocalPostgresOptions, startPostgres } from './postgres.js';
export { type LocalRedis, type LocalRedisOptions, startRedis } from './redis.js';
export { type Log, freePort } from './ground.js';
