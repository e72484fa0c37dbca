import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { TaxonomyRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, tenantOf } from '../caller.js';
import type { Ports } from '../ports.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import * as t from '../schema/taxonomy.types.js';
import { amended, setTaxonomy, sourceOf, viewTaxonomy } from '../taxonomy-rules.js';
import { PORTS } from '../tokens.js';

const entriesAtMost = 1_000;
const tooMany = userError(
  'terms',
  UserErrorCode.INVALID,
  `At most ${entriesAtMost} terms and patterns in one request; upload more of them in parts.`,
);

@Resolver()
export class TaxonomyResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => t.Taxonomy)
  async taxonomy(@Context() context: RequestContext): Promise<t.Taxonomy> {
    return this.ports.control.inTenant(tenantOf(context.caller), async (tx) =>
      viewTaxonomy((await tx.all(TaxonomyRow))[0]),
    );
  }

  @Mutation(() => t.UpsertTaxonomyPayload, {
    description:
      "Replaces the tenant's own terms, patterns and thresholds. Whatever may find less needs a second person.",
  })
  async upsertTaxonomy(
    @Args('input') input: t.UpsertTaxonomyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.taxonomy-set',
      step: async (tx) => {
        if (input.terms.length + input.patterns.length > entriesAtMost) return refusedWith(tooMany);
        const version = `tenant-${input.expectedVersion + 1}`;
        const set = await setTaxonomy(this.ports, tx, input.expectedVersion, () => sourceOf(input, version));
        return set.ok ? ok({ ...set.value, answer: { taxonomy: set.value.taxonomy } }) : set;
      },
    });
  }

  @Mutation(() => t.AmendTaxonomyPayload, {
    description: 'Changes single terms, patterns and thresholds. Whatever may find less needs a second person.',
  })
  async amendTaxonomy(
    @Args('input') input: t.AmendTaxonomyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.taxonomy-set',
      step: async (tx) => {
        const entries = input.addTerms.length + input.removeTerms.length + input.setPatterns.length;
        if (entries > entriesAtMost) return refusedWith(tooMany);
        const version = `tenant-${input.expectedVersion + 1}`;
        const set = await setTaxonomy(this.ports, tx, input.expectedVersion, (before) =>
          amended(before, input, version),
        );
        return set.ok ? ok({ ...set.value, answer: { taxonomy: set.value.taxonomy } }) : set;
      },
    });
  }
}
