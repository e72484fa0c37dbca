/**
 * A process that reserves three requests of a budget, of which one is answered and one only decided, says so, and then does
 * nothing until it is killed.
 */
import { generateKeyPairSync } from 'node:crypto';
import { parseTenantId, tenantOfJob } from '@writ/domain';
import { statementSigner } from '@writ/ledger';
import { systemClock } from '@writ/platform';
import { budgetStore, enrolledLedger, planePool } from '@writ/postgres';
import { connectRedis, createLimits, type Reserved } from '@writ/redis';
import { aSubject, must } from '../support/index.js';
import { eventually } from './eventually.js';
import { anAsk } from './limits-room.js';
import { budgetsOfAllScopes } from './lost-leases-room.js';
import { aLog, aPermitRecord, anOutcomeRecord } from './records.js';

const [databaseUrl = '', redisUrl = '', tenantId = ''] = process.argv.slice(2);
const tenant = tenantOfJob(must(parseTenantId(tenantId)));
const plane = planePool('writ_gateway', { url: databaseUrl, max: 4 });
const redis = connectRedis({ url: redisUrl, onProblem: () => undefined });
await redis.fitness();
const limits = createLimits({
  redis,
  leases: budgetStore(plane),
  clock: systemClock,
  instances: 1,
  onProblem: () => undefined,
});
const enrolled = enrolledLedger({
  plane,
  authority: statementSigner(generateKeyPairSync('ed25519').privateKey),
  kind: 'gateway',
  settings: { build: { version: 'test' }, environment: 'test', clock: { source: 'test', errorMs: 1 } },
  clock: systemClock,
  logKeys: () => [],
  onAlarm: () => undefined,
  onProblem: () => undefined,
});
await eventually(() => {
  if (enrolled.writer() === '') throw new Error('not enrolled yet');
});

async function reserved(): Promise<Reserved> {
  return must(await limits.reserve(tenant, aSubject(), anAsk(), budgetsOfAllScopes, 10));
}

const how = { level: 'committed', deadlineMs: 5_000 } as const;

async function decided(): Promise<{ readonly outcome: ReturnType<typeof anOutcomeRecord> }> {
  const { worstCaseMicros, leases } = await reserved();
  const permit = { ...aPermitRecord(), reservedMicros: worstCaseMicros, budgetLeases: leases };
  const receipt = must(await enrolled.ledger.commit(aLog(tenant), permit, how));
  return { outcome: anOutcomeRecord(permit.request, receipt.leafHash) };
}

const { outcome } = await decided();
const usage = {
  inputTokens: 10,
  outputTokens: 5,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  estimated: false,
};
must(await enrolled.ledger.commit(aLog(tenant), { ...outcome, usage, costMicros: '20' }, how));
await decided();
await reserved();
process.stdout.write('held\n');
