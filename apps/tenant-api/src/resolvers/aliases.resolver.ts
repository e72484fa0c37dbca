import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { AliasRow, EndpointRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import type { RequestContext } from '../caller.js';
import { aliasStrategies, candidateProblem, capabilities, notFound, strategiesIn } from '../catalogue-rules.js';
import type { Ports } from '../ports.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import * as t from '../schema/catalogue.types.js';
import { fromId } from '../schema/ids.js';
import { viewAlias } from '../schema/views.js';
import { PORTS } from '../tokens.js';

/** What callers ask for, and where it leads. */
@Resolver()
export class AliasesResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Mutation(() => t.SetAliasPayload, {
    description: 'Creates or re-points what callers ask for; effective on every gateway within two seconds.',
  })
  async setAlias(
    @Args('input') input: t.SetAliasInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.alias-set',
      step: async (tx) => {
        const strategy = input.strategy;
        if (!strategiesIn(strategy))
          return refusedWith(
            userError('strategy', UserErrorCode.INVALID, `Join with + some of ${aliasStrategies.join(', ')}.`),
          );
        if (!/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/.test(input.name))
          return refusedWith(userError('name', UserErrorCode.INVALID, 'An alias is written as a model name is.'));
        const names = new Set(
          (await tx.all(EndpointRow)).filter((row) => row.retiredAt === null).map((row) => row.name),
        );
        const unknown = input.candidates.findIndex(({ endpoint }) => !names.has(endpoint));
        if (unknown >= 0 || input.candidates.length === 0 || input.candidates.length > 50)
          return refusedWith(notFound(`candidates.${Math.max(0, unknown)}.endpoint`, 'endpoint'));
        const [problem] = input.candidates.flatMap((candidate, at) => candidateProblem(candidate, at) ?? []);
        if (problem) return refusedWith(problem);
        const candidates = input.candidates.map(({ endpoint, model, weight, contextLength, capabilities: can }) => ({
          endpoint,
          model,
          weight,
          ...(typeof contextLength !== 'number' ? {} : { contextLength }),
          ...(!Array.isArray(can) ? {} : { capabilities: capabilities.filter((known) => can.includes(known)) }),
        }));
        const before = await tx.one(AliasRow, { name: input.name });
        const row = before
          ? await tx.update(AliasRow, before, { strategy, candidates }, input.expectedVersion ?? 0)
          : await tx.insert(AliasRow, { id: this.ports.newId(), name: input.name, strategy, candidates });
        return ok({
          answer: { alias: viewAlias(row) },
          fields: { alias: row.name, strategy, candidates },
          publish: true,
        });
      },
    });
  }

  @Mutation(() => t.RemoveAliasPayload, { description: 'Callers who ask for it are refused within two seconds.' })
  async removeAlias(
    @Args('input') input: t.RemoveAliasInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.alias-removed',
      step: async (tx) => {
        const row = await tx.byId(AliasRow, fromId('Alias', input.id));
        if (!row) return refusedWith(notFound('id', 'alias'));
        await tx.removeAt(AliasRow, row, input.expectedVersion);
        const fields = { alias: row.name, candidates: row.candidates.length };
        return ok({ answer: { alias: viewAlias(row) }, fields, publish: true });
      },
    });
  }
}
