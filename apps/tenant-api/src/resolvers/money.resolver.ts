import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { BudgetRow, EndpointRow, LimitRuleRow, PriceRow, TenantRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import type { RequestContext } from '../caller.js';
import { itemName } from '../catalogue-rules.js';
import type { Ports } from '../ports.js';
import { type UserError, UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/money.types.js';
import { viewBudget, viewLimitRule, viewPrice } from '../schema/views.js';
import { PORTS } from '../tokens.js';

const budgetScopes = ['tenant', 'app', 'subject', 'role', 'team'] as const;
const periods = ['day', 'month', 'total'] as const;
const limitScopes = ['tenant', 'app', 'subject', 'role', 'team', 'endpoint-key'] as const;

function oneOf<const T extends string>(known: readonly T[], value: string, field: string): T | UserError {
  return (
    known.find((item) => item === value) ??
    userError(field, UserErrorCode.INVALID, `Choose one of ${known.join(', ')}.`)
  );
}

interface Limits {
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly concurrency: number | null;
}

const limitsOf = (input: t.CreateLimitRuleInput | t.UpdateLimitRuleInput): Limits => ({
  requestsPerMinute: input.requestsPerMinute ?? null,
  tokensPerMinute: input.tokensPerMinute ?? null,
  concurrency: input.concurrency ?? null,
});

const noSuchRule = userError('id', UserErrorCode.NOT_FOUND, 'There is no such limit rule.');
const noLimits = userError('requestsPerMinute', UserErrorCode.INVALID, 'Give at least one limit, 0 or more.');

function areLimits(limits: Limits): boolean {
  const given = Object.values(limits).filter((value) => value !== null);
  return given.length > 0 && given.every((value) => value >= 0);
}

@Resolver()
export class MoneyResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Mutation(() => t.CreateBudgetPayload, {
    description: 'Sets a ceiling. The worst case of a request is reserved against it before routing.',
  })
  async createBudget(
    @Args('input') input: t.CreateBudgetInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.budget-created',
      step: async (tx) => {
        const scope = oneOf(budgetScopes, input.scope, 'scope');
        const period = oneOf(periods, input.period, 'period');
        if (typeof scope !== 'string') return refusedWith(scope);
        if (typeof period !== 'string') return refusedWith(period);
        if (!itemName.test(input.name))
          return refusedWith(userError('name', UserErrorCode.INVALID, 'A name is 1 to 63 of a-z, 0-9 and hyphen.'));
        const { name, limitMicros, hard } = input;
        const row = await tx.insert(BudgetRow, {
          id: this.ports.newId(),
          name,
          scope,
          match: input.match ?? null,
          period,
          limitMicros,
          hard,
        });
        return ok({
          answer: { budget: viewBudget(row) },
          fields: { budget: name, scope, period, limitMicros, hard },
          publish: true,
        });
      },
    });
  }

  @Mutation(() => t.UpdateBudgetPayload)
  async updateBudget(
    @Args('input') input: t.UpdateBudgetInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.budget-updated',
      step: async (tx) => {
        const row = await tx.byId(BudgetRow, fromId('Budget', input.id));
        if (!row) return refusedWith(userError('id', UserErrorCode.NOT_FOUND, 'There is no such budget.'));
        const { limitMicros, hard } = input;
        const before = row.limitMicros;
        const done = await tx.update(BudgetRow, row, { limitMicros, hard }, input.expectedVersion);
        return ok({
          answer: { budget: viewBudget(done) },
          fields: { budget: row.name, before, limitMicros, hard },
          publish: true,
        });
      },
    });
  }

  @Mutation(() => t.RemoveBudgetPayload, {
    description: 'Ends a ceiling. What was spent below it stays in the ledger and in the usage.',
  })
  async removeBudget(
    @Args('input') input: t.RemoveBudgetInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.budget-removed',
      step: async (tx) => {
        const row = await tx.byId(BudgetRow, fromId('Budget', input.id));
        if (!row) return refusedWith(userError('id', UserErrorCode.NOT_FOUND, 'There is no such budget.'));
        await tx.removeAt(BudgetRow, row, input.expectedVersion);
        const { name, scope, period, limitMicros, hard } = row;
        const fields = { budget: name, scope, period, limitMicros, hard };
        return ok({ answer: { budget: viewBudget(row) }, fields, publish: true });
      },
    });
  }

  @Mutation(() => t.CreateLimitRulePayload)
  async createLimitRule(
    @Args('input') input: t.CreateLimitRuleInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.limit-rule-created',
      step: async (tx) => {
        const scope = oneOf(limitScopes, input.scope, 'scope');
        if (typeof scope !== 'string') return refusedWith(scope);
        if (!itemName.test(input.name))
          return refusedWith(userError('name', UserErrorCode.INVALID, 'A name is 1 to 63 of a-z, 0-9 and hyphen.'));
        const limits = limitsOf(input);
        if (!areLimits(limits)) return refusedWith(noLimits);
        const row = await tx.insert(LimitRuleRow, {
          id: this.ports.newId(),
          name: input.name,
          scope,
          match: input.match ?? null,
          ...limits,
        });
        return ok({
          answer: { limitRule: viewLimitRule(row) },
          fields: { limit: row.name, scope, ...limits },
          publish: true,
        });
      },
    });
  }

  @Mutation(() => t.UpdateLimitRulePayload, { description: 'Replaces all limits of the rule.' })
  async updateLimitRule(
    @Args('input') input: t.UpdateLimitRuleInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.limit-rule-updated',
      step: async (tx) => {
        const row = await tx.byId(LimitRuleRow, fromId('LimitRule', input.id));
        if (!row) return refusedWith(noSuchRule);
        const limits = limitsOf(input);
        if (!areLimits(limits)) return refusedWith(noLimits);
        const done = await tx.update(LimitRuleRow, row, limits, input.expectedVersion);
        return ok({
          answer: { limitRule: viewLimitRule(done) },
          fields: { limit: row.name, ...limits },
          publish: true,
        });
      },
    });
  }

  @Mutation(() => t.RemoveLimitRulePayload, { description: 'Gateways stop counting within two seconds.' })
  async removeLimitRule(
    @Args('input') input: t.RemoveLimitRuleInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.limit-rule-removed',
      step: async (tx) => {
        const row = await tx.byId(LimitRuleRow, fromId('LimitRule', input.id));
        if (!row) return refusedWith(noSuchRule);
        await tx.removeAt(LimitRuleRow, row, input.expectedVersion);
        const fields = { limit: row.name, scope: row.scope };
        return ok({ answer: { limitRule: viewLimitRule(row) }, fields, publish: true });
      },
    });
  }

  @Mutation(() => t.SetPricePayload, { description: 'Prices a model, for one endpoint or for all.' })
  async setPrice(
    @Args('input') input: t.SetPriceInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.price-set',
      step: async (tx) => {
        const endpoint = input.endpoint ?? '';
        if (endpoint !== '' && !(await tx.one(EndpointRow, { name: endpoint })))
          return refusedWith(userError('endpoint', UserErrorCode.NOT_FOUND, 'There is no such endpoint.'));
        if (input.model === '' || input.model.length > 128)
          return refusedWith(userError('model', UserErrorCode.INVALID, 'Name the model.'));
        const { model } = input;
        const validFrom = new Date(input.validFrom ?? 0);
        const rates = {
          inputMicrosPerMillion: input.inputMicrosPerMillion,
          outputMicrosPerMillion: input.outputMicrosPerMillion,
          cacheReadMicrosPerMillion: input.cacheReadMicrosPerMillion ?? null,
          cacheWriteMicrosPerMillion: input.cacheWriteMicrosPerMillion ?? null,
          reasoningMicrosPerMillion: input.reasoningMicrosPerMillion ?? null,
        };
        const known = await tx.all(PriceRow, { endpoint, model });
        const before = known.find((row) => row.validFrom.getTime() === validFrom.getTime());
        const row = before
          ? await tx.update(PriceRow, before, rates, input.expectedVersion ?? 0)
          : await tx.insert(PriceRow, { id: this.ports.newId(), endpoint, model, validFrom, ...rates });
        const fields = {
          model,
          ...(endpoint !== '' && { endpoint }),
          ...rates,
          ...(input.validFrom !== undefined && { validFrom: validFrom.toISOString() }),
        };
        return ok({ answer: { price: viewPrice(row) }, fields, publish: true });
      },
    });
  }

  @Mutation(() => t.TreatUnpricedModelsPayload, {
    description: 'What a model without a price means: a refusal, or the dearest price that the tenant has.',
  })
  async treatUnpricedModels(
    @Args('input') input: t.TreatUnpricedModelsInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.unpriced-models-set',
      step: async (tx) => {
        const unpricedModels = oneOf(['refuse', 'dearest'] as const, input.treatAs, 'treatAs');
        if (typeof unpricedModels !== 'string') return refusedWith(unpricedModels);
        const row = await tx.one(TenantRow, { id: tx.tenantId });
        if (!row) return refusedWith(userError('', UserErrorCode.NOT_FOUND, 'There is no such tenant.'));
        await tx.update(TenantRow, row, { unpricedModels });
        return ok({ answer: { treatAs: unpricedModels }, fields: { unpricedModels }, publish: true });
      },
    });
  }
}
