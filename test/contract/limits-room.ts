import { join } from 'node:path';
import type { Ask, Budget, LimitRule, RequestId, Result, Snapshot, Subject, TenantContext, Usage } from '@writ/domain';
import { startRedis, type LocalRedis } from '@writ/local';
import { systemClock, type Clock } from '@writ/platform';
import {
  connectRedis,
  createLimits,
  type BudgetLeases,
  type Limits,
  type RedisConnection,
  type Reserved,
} from '@writ/redis';
import { BudgetLeasesTwin, aSnapshot, aSubject, aTenantContext } from '../support/index.js';

export const problems: string[] = [];
const connections: RedisConnection[] = [];
const opened: Limits[] = [];

/** Gives every lease back and hangs up, so that the test's process can end. */
export async function closeAll(): Promise<void> {
  await Promise.all(opened.map((one) => one.close()));
  await Promise.all(connections.map((one) => one.close()));
}

export function startServer(port?: number): Promise<LocalRedis> {
  return startRedis({
    cacheDir: join(import.meta.dirname, '../../../.writ/cache'),
    log: () => undefined,
    path: process.env['PATH'] ?? '',
    ...(port === undefined ? {} : { port }),
  });
}

export async function connected(
  url: string,
  clock: Pick<Clock, 'monotonicMs' | 'after'> = systemClock,
): Promise<RedisConnection> {
  const connection = connectRedis({ url, clock, onProblem: (what) => problems.push(what) });
  connections.push(connection);
  await connection.fitness();
  return connection;
}

export interface Process {
  readonly limits: Limits;
  readonly redis: RedisConnection;
}

export async function aProcess(
  url: string,
  leases: BudgetLeases = new BudgetLeasesTwin(),
  instances = 2,
  clock: Clock = systemClock,
): Promise<Process> {
  const redis = await connected(url);
  return { redis, limits: limitsOn(redis, leases, instances, clock) };
}

export function limitsOn(
  redis: RedisConnection,
  leases: BudgetLeases = new BudgetLeasesTwin(),
  instances = 2,
  clock: Clock = systemClock,
): Limits {
  const limits = createLimits({ redis, leases, clock, instances, onProblem: (what) => problems.push(what) });
  opened.push(limits);
  return limits;
}

export function anAsk(more: Partial<Ask> = {}): Ask {
  return {
    request: '0198a000-0000-7000-8000-000000000001' as RequestId,
    dialect: 'openai.chat',
    action: 'chat',
    route: '/v1/chat/completions',
    receivedAt: 0,
    source: '{}',
    body: {},
    model: 'fast',
    stream: false,
    leaves: [],
    attachments: [],
    tools: [],
    maxOutputTokens: 100,
    choices: 1,
    metadata: {},
    clientAddress: '192.0.2.1',
    userAgent: '',
    ...more,
  };
}

export const tenant: TenantContext = aTenantContext();
/** 18 input tokens at most, 100 output tokens, at 1 and 2 micro-units each. */
export const worstMicros = 218n;
export const usage: Usage = {
  inputTokens: 10,
  outputTokens: 5,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  estimated: false,
};

export function withRules(...limits: readonly Omit<LimitRule, 'id'>[]): Snapshot {
  return aSnapshot({ limits: limits.map((rule, index) => ({ id: `rule-${index}`, ...rule })) });
}

export function withBudget(limitMicros: bigint, more: Partial<Budget> = {}): Snapshot {
  return aSnapshot({
    budgets: [{ id: 'team', scope: 'tenant', period: 'month', limitMicros: String(limitMicros), hard: true, ...more }],
  });
}

export function reserve(
  { limits }: Process,
  snapshot: Snapshot,
  subject: Subject = aSubject(),
  tokens = 10,
): ReturnType<Limits['reserve']> {
  return limits.reserve(tenant, subject, anAsk(), snapshot, tokens);
}

/** How many of `count` concurrent requests are admitted. */
export async function admitted(count: number, ask: () => Promise<Result<Reserved, unknown>>): Promise<number> {
  const answers = await Promise.all(Array.from({ length: count }, ask));
  return answers.filter(({ ok }) => ok).length;
}

/** Waits for a minute with four seconds left, so that a test does not straddle two windows. */
export async function aMinuteHasRoom(): Promise<void> {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 4_000) await systemClock.after(left + 50).elapsed;
}
