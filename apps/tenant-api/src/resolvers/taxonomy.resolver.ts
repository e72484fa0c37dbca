import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { loadTaxonomy } from '@writ/classification';
import { type TaxonomySource, ok } from '@writ/domain';
import { StaleVersion, TaxonomyRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, tenantOf } from '../caller.js';
import { canonicalText } from '../canonical-text.js';
import type { Ports } from '../ports.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import * as t from '../schema/taxonomy.types.js';
import { PORTS } from '../tokens.js';

const entriesAtMost = 1_000;

function viewOf(row: TaxonomyRow | undefined): t.Taxonomy {
  const { terms = [], patterns = [], thresholds = {} } = row?.source ?? {};
  return {
    terms: [...terms],
    patterns: [...patterns],
    thresholds: Object.entries(thresholds).map(([of, atLeast]) => ({ of, atLeast })),
    version: row?.version ?? 0,
  };
}

@Resolver()
export class TaxonomyResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => t.Taxonomy)
  async taxonomy(@Context() context: RequestContext): Promise<t.Taxonomy> {
    return this.ports.control.inTenant(tenantOf(context.caller), async (tx) => viewOf((await tx.all(TaxonomyRow))[0]));
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
        const [before] = await tx.all(TaxonomyRow);
        if (input.expectedVersion !== (before?.version ?? 0)) throw new StaleVersion(before?.version ?? 0);
        const version = `tenant-${input.expectedVersion + 1}`;
        const source = sourceOf(input, version);
        const loaded = input.terms.length + input.patterns.length > entriesAtMost ? undefined : loadTaxonomy(source);
        if (!loaded)
          return refusedWith(userError('terms', UserErrorCode.INVALID, `At most ${entriesAtMost} terms and patterns.`));
        if (!loaded.ok)
          return refusedWith(...loaded.error.map((complaint) => userError('', UserErrorCode.INVALID, complaint)));
        const row = before
          ? await tx.update(TaxonomyRow, before, { source }, input.expectedVersion)
          : await tx.insert(TaxonomyRow, { id: this.ports.newId(), source });
        const fields = {
          version,
          terms: source.terms.length,
          patterns: source.patterns.length,
          thresholds: source.thresholds,
        };
        const needsApproval = relaxes(before?.source, source);
        return ok({ answer: { taxonomy: viewOf(row) }, fields, publish: true, needsApproval });
      },
    });
  }
}

function sourceOf({ terms, patterns, thresholds }: t.UpsertTaxonomyInput, version: string): TaxonomySource {
  return {
    version,
    terms: terms.map((entry) => ({ class: entry.class, term: entry.term })),
    patterns: patterns.map((entry) => ({ class: entry.class, name: entry.name, pattern: entry.pattern })),
    thresholds: Object.fromEntries(thresholds.map(({ of, atLeast }) => [of, atLeast])),
  };
}

/**
 * True when less may be found than before: an entry is gone, a threshold is higher or back at the built-in one. A threshold
 * for what had none counts too, since the built-in one may have been lower.
 */
function relaxes(before: TaxonomySource | undefined, after: TaxonomySource): boolean {
  const kept = new Set([...after.terms, ...after.patterns].map((entry) => canonicalText(entry)));
  const gone = [...(before?.terms ?? []), ...(before?.patterns ?? [])].some((entry) => !kept.has(canonicalText(entry)));
  const reset = Object.keys(before?.thresholds ?? {}).some((of) => !Object.hasOwn(after.thresholds, of));
  const higher = Object.entries(after.thresholds).some(([of, atLeast]) => atLeast > (before?.thresholds[of] ?? -1));
  return gone || reset || higher;
}
