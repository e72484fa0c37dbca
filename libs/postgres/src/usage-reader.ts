/** What runs a statement in the tenant's own transaction, where row-level security keeps everyone else's rows away. */
interface Statements {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly Record<string, unknown>[] }>;
}

/** Days in UTC, both included, as `YYYY-MM-DD`. */
export interface UsageRange {
  readonly from: string;
  readonly to: string;
}

export const usageGroupings = ['day', 'group', 'app', 'model', 'endpoint'] as const;
export type UsageGrouping = (typeof usageGroupings)[number];

/** Sums over everything that is not grouped by. Tokens and requests as decimal strings, money in micro-units. */
export interface UsageSum extends Readonly<Record<UsageGrouping, string | null>> {
  readonly requests: string;
  readonly denied: string;
  readonly failed: string;
  readonly inputTokens: string;
  readonly outputTokens: string;
  readonly cacheReadTokens: string;
  readonly cacheWriteTokens: string;
  readonly reasoningTokens: string;
  readonly estimatedTokens: string;
  readonly costMicros: string;
}

const tokensOf = (charge: string, name: string): string =>
  `coalesce(sum(l.quantity) FILTER (WHERE l.charge = '${charge}'), 0)::text AS "${name}"`;

/** At most `limit` rows, the dearest first. Corrections are part of the cost. */
export async function usageSums(
  client: Statements,
  range: UsageRange,
  groupBy: readonly UsageGrouping[],
  limit: number,
): Promise<readonly UsageSum[]> {
  const { rows } = await client.query(
    `WITH l AS (
       SELECT to_char(day, 'YYYY-MM-DD') AS day, subject_group, app, model, endpoint, charge, quantity, estimated, denied, failed, cost_picos
       FROM control.usage_day WHERE day BETWEEN $1 AND $2
       UNION ALL
       SELECT to_char(day, 'YYYY-MM-DD'), subject_group, app, model, endpoint, 'correction', 0, 0, 0, 0, cost_micros * 1000000
       FROM control.usage_correction WHERE day BETWEEN $1 AND $2)
     SELECT CASE WHEN 'day' = ANY ($3::text[]) THEN l.day END AS day,
       CASE WHEN 'group' = ANY ($3::text[]) THEN l.subject_group END AS "group",
       CASE WHEN 'app' = ANY ($3::text[]) THEN l.app END AS app,
       CASE WHEN 'model' = ANY ($3::text[]) THEN l.model END AS model,
       CASE WHEN 'endpoint' = ANY ($3::text[]) THEN l.endpoint END AS endpoint,
       ${tokensOf('request', 'requests')}, coalesce(sum(l.denied), 0)::text AS denied, coalesce(sum(l.failed), 0)::text AS failed,
       ${tokensOf('input', 'inputTokens')}, ${tokensOf('output', 'outputTokens')},
       ${tokensOf('cache-read', 'cacheReadTokens')}, ${tokensOf('cache-write', 'cacheWriteTokens')},
       ${tokensOf('reasoning', 'reasoningTokens')}, coalesce(sum(l.estimated), 0)::text AS "estimatedTokens",
       ceil(coalesce(sum(l.cost_picos), 0) / 1000000)::text AS "costMicros"
     FROM l GROUP BY 1, 2, 3, 4, 5 ORDER BY sum(l.cost_picos) DESC, 1, 2, 3, 4, 5 LIMIT $4`,
    [range.from, range.to, groupBy, limit],
  );
  return rows as unknown as readonly UsageSum[];
}

/** One line as it is summed up, or a correction: what an export is made of. */
export interface UsageDayLine {
  readonly day: string;
  readonly group: string;
  readonly app: string;
  readonly model: string;
  readonly endpoint: string;
  readonly charge: string;
  readonly priceVersion: string;
  readonly quantity: string;
  readonly estimated: string;
  readonly costPicos: string;
  readonly denied: string;
  readonly failed: string;
  /** Of a correction. */
  readonly reason: string | null;
}

export async function usageDayLines(
  client: Statements,
  range: UsageRange,
  limit: number,
): Promise<readonly UsageDayLine[]> {
  const { rows } = await client.query(
    `SELECT to_char(day, 'YYYY-MM-DD') AS day, subject_group AS "group", app, model, endpoint, charge, price_version AS "priceVersion",
       quantity::text, estimated::text, cost_picos::text AS "costPicos", denied::text, failed::text, NULL AS reason
     FROM control.usage_day WHERE day BETWEEN $1 AND $2
     UNION ALL
     SELECT to_char(day, 'YYYY-MM-DD'), subject_group, app, model, endpoint, 'correction', '', '0', '0',
       (cost_micros * 1000000)::text, '0', '0', reason
     FROM control.usage_correction WHERE day BETWEEN $1 AND $2
     ORDER BY 1, 2, 3, 4, 5, 6, 7 LIMIT $3`,
    [range.from, range.to, limit],
  );
  return rows as unknown as readonly UsageDayLine[];
}

/** How far the sums reach; undefined before the first turn. */
export async function usageSettledAt(client: Statements): Promise<Date | undefined> {
  const { rows } = await client.query('SELECT settled_at FROM control.usage_cursor');
  const [row] = rows as readonly { readonly settled_at?: Date }[];
  return row?.settled_at;
}

export interface UsageCorrection {
  readonly id: string;
  readonly tenant: string;
  readonly day: string;
  readonly group: string;
  readonly app: string;
  readonly model: string;
  readonly endpoint: string;
  /** May be negative. */
  readonly costMicros: string;
  readonly reason: string;
}

export async function correctUsage(client: Statements, correction: UsageCorrection): Promise<void> {
  const { id, tenant, day, group, app, model, endpoint, costMicros, reason } = correction;
  await client.query(
    `INSERT INTO control.usage_correction (id, tenant_id, day, subject_group, app, model, endpoint, cost_micros, reason)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [id, tenant, day, group, app, model, endpoint, costMicros, reason],
  );
}

/** One ceiling in its present period. */
export interface BudgetState {
  readonly budget: string;
  readonly scope: string;
  /** Null for the tenant's own, and for a subject's, which is not named. */
  readonly holder: string | null;
  readonly period: string;
  readonly periodStart: string;
  readonly hard: boolean;
  readonly limitMicros: string;
  readonly spentMicros: string;
  readonly leasedMicros: string;
  /** The part of what is spent that no gateway reported: slices of processes that ended without a word. */
  readonly writtenOffMicros: string;
  readonly thresholds: readonly number[];
}

/** Budgets that nobody spent from in this period are there with nothing spent, but for those of each subject, app, role or team. */
export async function budgetStates(client: Statements, limit: number): Promise<readonly BudgetState[]> {
  const { rows } = await client.query(
    `WITH b AS (
       SELECT b.*, CASE b.period WHEN 'total' THEN to_timestamp(0)
         ELSE date_trunc(b.period, clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' END AS period_start
       FROM control.budget b)
     SELECT b.name AS budget, b.scope, CASE WHEN b.scope IN ('app', 'role', 'team') THEN s.holder END AS holder, b.period,
       to_char(b.period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "periodStart", b.hard,
       b.limit_micros::text AS "limitMicros", coalesce(s.spent_micros, 0)::text AS "spentMicros",
       coalesce(s.leased_micros, 0)::text AS "leasedMicros", coalesce(s.written_off_micros, 0)::text AS "writtenOffMicros",
       ARRAY(SELECT t.percent FROM control.budget_threshold t WHERE t.budget_id = b.name AND t.holder = s.holder
         AND t.period_start = b.period_start ORDER BY 1) AS thresholds
     FROM b LEFT JOIN control.budget_state s ON s.tenant_id = b.tenant_id AND s.budget_id = b.name AND s.period_start = b.period_start
     WHERE b.scope = 'tenant' OR s.holder IS NOT NULL
     ORDER BY s.spent_micros / greatest(b.limit_micros, 1) DESC NULLS LAST, 1, 3 LIMIT $1`,
    [limit],
  );
  return rows as unknown as readonly BudgetState[];
}
