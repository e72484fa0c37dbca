import { err } from '@writ/domain';
import { Redis } from 'ioredis';
import type { RedisConnection } from './connection.js';

/** For a deployment without Redis: never connects and never answers, so that whoever uses it goes on by what it knows itself. */
export function noRedis(): RedisConnection {
  const client = new Redis({ lazyConnect: true, enableOfflineQueue: false });
  return {
    client,
    run: () => Promise.resolve(err('unavailable')),
    fitness: () => Promise.resolve('unavailable'),
    close: () => Promise.resolve(client.disconnect()),
  };
}
