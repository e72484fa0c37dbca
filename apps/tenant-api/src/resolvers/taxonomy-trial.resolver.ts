import { Inject } from '@nestjs/common';
import { Args, Context, ID, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { type Result, ok } from '@writ/domain';
import { type ControlTx, StaleVersion, TaxonomyRow, TaxonomyTrialRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, actorOf, tenantOf } from '../caller.js';
import type { Ports } from '../ports.js';
import { DateTime, type UserError, UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/taxonomy-trial.types.js';
import { amended, taxonomyProblems } from '../taxonomy-rules.js';
import { asCandidate, reportOf, viewTrial } from '../taxonomy-trial.js';
import { PORTS } from '../tokens.js';

const entriesAtMost = 1_000;
const recordsAtMost = 4_000;

/** A candidate taxonomy on trial beside the live one, and what it would have changed. Nothing here changes an outcome. */
@Resolver()
export class TaxonomyTrialResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => t.TaxonomyTrial, { nullable: true, description: 'The candidate on trial; null when there is none.' })
  async taxonomyTrial(@Context() context: RequestContext): Promise<t.TaxonomyTrial | null> {
    const row = await this.ports.control.inTenant(tenantOf(context.caller), onTrial);
    return row ? viewTrial(row) : null;
  }

  @Mutation(() => t.TryTaxonomyPayload, {
    description:
      'Puts a candidate on trial beside the live taxonomy, in the place of any other. It never changes an outcome.',
  })
  async tryTaxonomy(
    @Args('input') input: t.TryTaxonomyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const problem = problemOf(input);
    if (problem) return { userErrors: [problem] };
    return this.administration.change(context, info, input, {
      event: 'admin.taxonomy-trial',
      step: async (tx) => {
        const row = await this.tried(tx, input, actorOf(context.caller));
        if (!row.ok) return row;
        const { source, perMille } = row.value;
        const { version, terms, patterns, thresholds } = source;
        const sizes = { terms: terms.length, patterns: patterns.length, thresholds };
        const fields = { on: true, candidate: version, perMille, ...sizes };
        return ok({ answer: { trial: viewTrial(row.value) }, fields, publish: true });
      },
    });
  }

  @Mutation(() => t.WithdrawTaxonomyTrialPayload, { description: 'Ends the trial. What was recorded of it stays.' })
  async withdrawTaxonomyTrial(
    @Args('input') input: t.WithdrawTaxonomyTrialInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.taxonomy-trial',
      step: async (tx) => {
        const row = await onTrial(tx);
        if (!row) return refusedWith(noTrial);
        await tx.removeAt(TaxonomyTrialRow, row, input.expectedVersion);
        const fields = { on: false, candidate: row.source.version };
        return ok({ answer: { trial: viewTrial(row) }, fields, publish: true });
      },
    });
  }

  @Query(() => t.TaxonomyTrialReport, {
    nullable: true,
    description:
      'What a candidate would have changed over the requests that it was tried on; null when none is named or on trial.',
  })
  async taxonomyTrialReport(
    @Args('candidate', { type: () => String, nullable: true, description: 'Absent: the one on trial.' })
    candidate: string | undefined,
    @Args('from', { type: () => DateTime, nullable: true }) from: string | undefined,
    @Args('to', { type: () => DateTime, nullable: true }) to: string | undefined,
    @Args('after', { type: () => ID, nullable: true, description: '`searchedTo` of the answer before.' })
    after: string | undefined,
    @Context() context: RequestContext,
  ): Promise<t.TaxonomyTrialReport | null> {
    const tenant = tenantOf(context.caller);
    const named = candidate ?? (await this.ports.control.inTenant(tenant, onTrial))?.source.version;
    if (named === undefined) return null;
    const before = after === undefined ? undefined : fromId('Record', after);
    await this.administration.note(context, 'access.taxonomy-trial', { candidate: named.slice(0, 64) });
    const { found, searchedTo } = await this.ports.evidence.decisions(tenant, {
      first: recordsAtMost,
      taxonomyTried: named,
      ...(before !== undefined && { after: before }),
      ...(from !== undefined && { fromMs: Date.parse(from) }),
      ...(to !== undefined && { toMs: Date.parse(to) }),
    });
    const cut = found.length >= recordsAtMost ? found.at(-1)?.record : undefined;
    return reportOf(named, found, searchedTo ?? cut);
  }

  private async tried(
    tx: ControlTx,
    input: t.TryTaxonomyInput,
    begunBy: string,
  ): Promise<Result<TaxonomyTrialRow, readonly UserError[]>> {
    const before = await onTrial(tx);
    if (input.expectedVersion !== (before?.version ?? 0)) throw new StaleVersion(before?.version ?? 0);
    const live = (await tx.all(TaxonomyRow))[0]?.source;
    const source = asCandidate(amended(input.startEmpty ? undefined : live, input, ''));
    const problems = taxonomyProblems(source, live);
    if (problems.length > 0)
      return refusedWith(...problems.map((complaint) => userError('', UserErrorCode.INVALID, complaint)));
    const { perMille } = input;
    if (!before) return ok(await tx.insert(TaxonomyTrialRow, { id: this.ports.newId(), source, perMille, begunBy }));
    return ok(await tx.update(TaxonomyTrialRow, before, { source, perMille, begunBy }, input.expectedVersion));
  }
}

async function onTrial(tx: ControlTx): Promise<TaxonomyTrialRow | undefined> {
  return (await tx.all(TaxonomyTrialRow))[0];
}

const noTrial = userError('', UserErrorCode.NOT_FOUND, 'No taxonomy is on trial.');

function problemOf(input: t.TryTaxonomyInput): UserError | undefined {
  const entries = input.addTerms.length + input.removeTerms.length + input.setPatterns.length;
  if (entries > entriesAtMost)
    return userError('addTerms', UserErrorCode.INVALID, `At most ${entriesAtMost} terms and patterns in one request.`);
  if (input.perMille < 1 || input.perMille > 1_000)
    return userError('perMille', UserErrorCode.INVALID, 'From 1 to 1000 of a thousand requests.');
  return undefined;
}
