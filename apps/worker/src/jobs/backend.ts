import type { QueueBackend } from '@writ/redis';
import type { WorkerSettings } from '../settings.js';

/** Where the entries of jobs pass through, as the operators chose. */
export function backendOf({ queueBackend, redisUrl = '', queueDatabaseUrl = '' }: WorkerSettings): QueueBackend {
  return queueBackend === 'redis' ? { kind: 'redis', url: redisUrl } : { kind: 'postgres', url: queueDatabaseUrl };
}
