/** A process that reserves one request of a budget, says so, and then does nothing until it is killed. */
import { systemClock } from '@writ/platform';
import { budgetStore, planePool } from '@writ/postgres';
import { connectRedis, createLimits } from '@writ/redis';
import { parseTenantId, tenantOfJob } from '@writ/domain';
import { aSubject } from '../support/index.js';
import { anAsk, withBudget } from './limits-room.js';

const [databaseUrl = '', redisUrl = '', tenantId = '', limitMicros = '0'] = process.argv.slice(2);
const tenant = parseTenantId(tenantId);
if (!tenant.ok) throw new Error(tenant.error);
const redis = connectRedis({ url: redisUrl, onProblem: () => undefined });
await redis.fitness();
const leases = budgetStore(planePool('writ_gateway', { url: databaseUrl, max: 2 }));
const limits = createLimits({ redis, leases, clock: systemClock, instances: 1, onProblem: () => undefined });
const snapshot = withBudget(BigInt(limitMicros), { period: 'total' });
const held = await limits.reserve(tenantOfJob(tenant.value), aSubject(), anAsk(), snapshot, 10);
process.stdout.write(held.ok ? 'held\n' : 'refused\n');
