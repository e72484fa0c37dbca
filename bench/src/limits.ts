/**
 * What limits cost a request: one round trip to a real Redis and arithmetic in memory, at 32 in flight, without limits, with
 * rates, with rates and a hard budget, and with the quota of an endpoint key. CPU is that of this process; Redis has its own.
 *   npm run bench:limits
 */
import { join } from 'node:path';
import {
  parseEndpointId,
  parseRequestId,
  parseTenantId,
  tenantOfJob,
  type Ask,
  type Result,
  type Snapshot,
  type Subject,
} from '@writ/domain';
import { startRedis } from '@writ/local';
import { systemClock, uuidv7 } from '@writ/platform';
import { connectRedis, createLimits, type BudgetLeases, type Limits } from '@writ/redis';

const inFlight = 32;
const seconds = Number(process.env['WRIT_BENCH_SECONDS'] ?? '3');

function must<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const tenant = tenantOfJob(must(parseTenantId(uuidv7(Date.now()))));
const endpoint = must(parseEndpointId('openai-us'));
const ask = {
  request: must(parseRequestId(uuidv7(Date.now()))),
  action: 'chat',
  model: 'm',
  source: JSON.stringify({
    model: 'm',
    messages: [{ role: 'user', content: 'a question of some length '.repeat(20) }],
  }),
  leaves: [{ text: 'a question of some length '.repeat(20) }],
  attachments: [],
  choices: 1,
  maxOutputTokens: 500,
  receivedAt: Date.now(),
} as unknown as Ask;
const subject = {
  id: 'nora',
  issuer: 'i',
  roles: ['clinician'],
  groups: ['radiology'],
  connection: 'main',
} as unknown as Subject;

/** Grants everything at once: the bench is about the request, and a lease is asked for once in many requests. */
const leases: BudgetLeases = {
  nowMs: () => Promise.resolve(undefined),
  lease: (key, { sliceMicros }) =>
    Promise.resolve({
      ok: true,
      value: { id: uuidv7(Date.now()), key, grantedMicros: sliceMicros, remainingMicros: 1_000_000_000n },
    }),
  settle: () => Promise.resolve({ ok: true, value: true }),
};

const most = 2_000_000_000;
const rates = (['tenant', 'app', 'subject', 'role', 'team'] as const).map((scope) => ({
  id: scope,
  scope,
  requestsPerMinute: most,
  tokensPerMinute: most,
  concurrency: most,
}));
const budgets = (['tenant', 'subject'] as const).map((scope) => ({
  id: scope,
  scope,
  period: 'month' as const,
  limitMicros: '900000000000000',
  hard: true,
}));
const quota = { id: 'key', scope: 'endpoint-key' as const, requestsPerMinute: most, tokensPerMinute: most };

function aSnapshot(more: Partial<Snapshot>): Snapshot {
  return {
    aliases: [],
    endpoints: [{ id: endpoint, models: ['m'], keys: [{ id: 'k', sealed: '' }] }],
    prices: [{ model: 'm', inputMicrosPerMillion: '2500000', outputMicrosPerMillion: '10000000', version: '1' }],
    limits: [],
    budgets: [],
    ...more,
  } as unknown as Snapshot;
}

const cases: readonly (readonly [string, Snapshot])[] = [
  ['no limits', aSnapshot({})],
  ['one rule', aSnapshot({ limits: rates.slice(0, 1) })],
  ['five scopes, fifteen counters', aSnapshot({ limits: rates })],
  ['and two hard budgets', aSnapshot({ limits: rates, budgets })],
  ['and an endpoint key', aSnapshot({ limits: [...rates, quota], budgets })],
];

const usage = {
  inputTokens: 120,
  outputTokens: 80,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  estimated: false,
};

async function measure(limits: Limits, snapshot: Snapshot): Promise<void> {
  const times: number[] = [];
  const until = performance.now() + seconds * 1_000;
  const cpu = process.cpuUsage();
  const lane = async (): Promise<void> => {
    while (performance.now() < until) {
      const from = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- one request after the other in each lane
      const reserved = must(await limits.reserve(tenant, subject, ask, snapshot, 180));
      times.push(performance.now() - from);
      limits.takeKey(reserved, endpoint, 'k');
      // oxlint-disable-next-line no-await-in-loop -- as above
      await limits.settle(tenant, reserved, usage, '1100');
      if (reserved.mode === 'degraded') throw new Error('Redis did not answer in time; the figures would be of no use');
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(2).padStart(7);
  const each = ((user + system) / times.length).toFixed(0).padStart(6);
  console.log(
    `${String(Math.round(times.length / seconds)).padStart(7)}/s  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  ${each} us CPU  `,
  );
}

const server = await startRedis({
  cacheDir: join(import.meta.dirname, '../../.writ/cache'),
  log: () => undefined,
  path: process.env['PATH'] ?? '',
});
const redis = connectRedis({ url: server.url, onProblem: (what) => console.error(what) });
await redis.fitness();
const limits = createLimits({
  redis,
  leases,
  clock: systemClock,
  instances: 1,
  onProblem: (what) => console.error(what),
});
console.log(`reserve (one round trip) and settle, ${inFlight} in flight, ${seconds} s each`);
for (const [name, snapshot] of cases) {
  process.stdout.write(name.padEnd(32));
  // oxlint-disable-next-line no-await-in-loop -- one case after the other
  await measure(limits, snapshot);
}
await limits.close();
await redis.close();
await server.stop();
process.exit(0);
