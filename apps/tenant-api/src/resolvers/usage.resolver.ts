import { createHash } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import {
  budgetStates,
  correctUsage,
  type UsageGrouping,
  type UsageRange,
  usageDayLines,
  usageGroupings,
  usageSettledAt,
  usageSums,
} from '@writ/postgres';
import { TenantRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, refusedError, tenantOf } from '../caller.js';
import type { Ports } from '../ports.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import * as t from '../schema/usage.types.js';
import { PORTS } from '../tokens.js';
import { focusRow } from '../usage/focus.js';
import { csvOf, parquetOf } from '../usage/usage-file.js';

const sumsAtMost = 5_000;
const linesAtMost = 20_000;
const statesAtMost = 1_000;
const daysAtMost = 400;

/** What was used and what it cost, as the worker summed it up from the ledger. */
@Resolver()
export class UsageResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => t.UsageReport, { description: 'Requests, tokens and cost of a range of days, the dearest sums first.' })
  async usage(@Args() args: t.UsageArgs, @Context() { caller }: RequestContext): Promise<t.UsageReport> {
    const range = rangeOf(args);
    const groupBy = args.groupBy.map((name) => groupingOf(name));
    return this.ports.control.inTenant(tenantOf(caller), async ({ client }) => {
      const sums = await usageSums(client, range, groupBy, sumsAtMost + 1);
      const settledAt = await usageSettledAt(client);
      return {
        settledAt: settledAt?.toISOString() ?? null,
        isCut: sums.length > sumsAtMost,
        sums: sums.slice(0, sumsAtMost).map((sum) => ({
          ...sum,
          requests: Number(sum.requests),
          denied: Number(sum.denied),
          failed: Number(sum.failed),
          inputTokens: Number(sum.inputTokens),
          outputTokens: Number(sum.outputTokens),
          cacheReadTokens: Number(sum.cacheReadTokens),
          cacheWriteTokens: Number(sum.cacheWriteTokens),
          reasoningTokens: Number(sum.reasoningTokens),
          estimatedTokens: Number(sum.estimatedTokens),
        })),
      };
    });
  }

  @Query(() => [t.BudgetState], { description: 'How far each budget is spent, the fullest first; a thousand at most.' })
  async budgetStates(@Context() { caller }: RequestContext): Promise<t.BudgetState[]> {
    const states = await this.ports.control.inTenant(tenantOf(caller), ({ client }) =>
      budgetStates(client, statesAtMost),
    );
    return states.map((state) => ({ ...state, thresholds: [...state.thresholds] }));
  }

  @Query(() => t.UsageFile, { description: 'One file for the tools of those who pay; 20,000 lines at most.' })
  async usageFile(@Args() args: t.UsageFileArgs, @Context() context: RequestContext): Promise<t.UsageFile> {
    const range = rangeOf(args);
    const { format } = args;
    await this.administration.note(context, 'access.usage-file', { ...range, format });
    const { lines, name } = await this.ports.control.inTenant(tenantOf(context.caller), async (tx) => ({
      lines: await usageDayLines(tx.client, range, linesAtMost + 1),
      name: (await tx.one(TenantRow, { id: tx.tenantId }))?.name ?? '',
    }));
    if (lines.length > linesAtMost)
      throw invalid(`There are more than ${linesAtMost} lines in this range; ask for fewer days.`);
    const account = { tenant: tenantOf(context.caller).tenant, name, issuer: 'Writ' };
    const rows = lines.map((line) => focusRow(line, account));
    const isCsv = format === t.UsageFormat.CSV;
    const bytes = isCsv ? Buffer.from(csvOf(rows), 'utf8') : Buffer.from(parquetOf(rows));
    return {
      name: `usage-${range.from}-${range.to}.${isCsv ? 'csv' : 'parquet'}`,
      mediaType: isCsv ? 'text/csv; charset=utf-8' : 'application/vnd.apache.parquet',
      rows: rows.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      content: bytes.toString('base64'),
    };
  }

  @Mutation(() => t.CorrectUsagePayload, {
    description: 'Adds to the cost of a day, or takes away, with a reason. What the ledger says stays as it is.',
  })
  async correctUsage(
    @Args('input') input: t.CorrectUsageInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.usage-corrected',
      step: async (tx) => {
        const { day, group, app, model, endpoint, costMicros, reason } = input;
        if (!isDay(day)) return refusedWith(userError('day', UserErrorCode.INVALID, 'Write a day as YYYY-MM-DD.'));
        if (!/^-?[1-9]\d{0,14}$/.test(costMicros))
          return refusedWith(userError('costMicros', UserErrorCode.INVALID, 'Write whole micro-units other than 0.'));
        if (reason.trim() === '' || reason.length > 500)
          return refusedWith(userError('reason', UserErrorCode.INVALID, 'Say why, in 500 characters at most.'));
        const names = { group, app, model, endpoint };
        const long = Object.entries(names).find(([, value]) => value.length > 256);
        if (long) return refusedWith(userError(long[0], UserErrorCode.INVALID, 'At most 256 characters.'));
        const id = this.ports.newId();
        await correctUsage(tx.client, { id, tenant: tx.tenantId, day, ...names, costMicros, reason });
        return ok({ answer: {}, fields: { correction: id, day, costMicros, ...names }, publish: false });
      },
    });
  }
}

function groupingOf(name: string): UsageGrouping {
  const known = usageGroupings.find((grouping) => grouping === name);
  if (known === undefined) throw invalid(`Group by any of ${usageGroupings.join(', ')}.`);
  return known;
}

function rangeOf({ from, to }: UsageRange): UsageRange {
  if (!isDay(from) || !isDay(to)) throw invalid('Write days as YYYY-MM-DD.');
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000;
  if (days < 0 || days >= daysAtMost) throw invalid(`Ask for 1 to ${daysAtMost} days, the first one first.`);
  return { from, to };
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

function invalid(message: string): Error {
  return refusedError('INVALID', message);
}
