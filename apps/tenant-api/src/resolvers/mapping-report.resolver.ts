import { Inject } from '@nestjs/common';
import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { IdentityProviderRow, TenantRow } from '@writ/postgres/control';
import { Administration, logContextOf } from '../administration.js';
import { type RequestContext, refusedError, tenantOf } from '../caller.js';
import { mappingProblem } from '../identity-rules.js';
import { mappingReport } from '../mapping-report.js';
import type { Ports } from '../ports.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/identity.types.js';
import { connectionOfRow } from '../snapshot.js';
import { PORTS } from '../tokens.js';

@Resolver()
export class MappingReportResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => t.ClaimMappingReport, {
    nullable: true,
    description:
      'How many of those who called lately would get or lose a role by another mapping. Counts only, from the sealed records of the newest requests. Null for an unknown provider.',
  })
  async claimMappingReport(
    @Args('input') input: t.ClaimMappingReportInput,
    @Context() context: RequestContext,
  ): Promise<t.ClaimMappingReport | null> {
    const tenant = tenantOf(context.caller);
    const problem = mappingProblem(input.mappings);
    if (problem) throw refusedError('BAD_USER_INPUT', `${problem.field.join('.')}: ${problem.message}`);
    if (input.first < 1 || input.first > 100) throw refusedError('BAD_USER_INPUT', 'first is 1 to 100.');
    const id = fromId('IdentityProvider', input.id);
    const found = await this.ports.control.inTenant(tenant, async (tx) => ({
      provider: await tx.byId(IdentityProviderRow, id),
      tenant: await tx.one(TenantRow, { id: tx.tenantId }),
    }));
    if (!found.provider || !found.tenant) return null;
    const log = await logContextOf(this.ports, tenant, found.tenant);
    await this.administration.note(context, 'access.facts', { first: input.first, provider: found.provider.name });
    const { records } = await this.ports.evidence.facts(log, { first: input.first });
    const mappings = input.mappings.map(({ claim, equals, role }) => ({ claim, equals, role }));
    const report = mappingReport(
      records.map(({ facts }) => facts),
      connectionOfRow(found.provider),
      mappings,
    );
    return { ...report, gained: [...report.gained], lost: [...report.lost], unknownClaims: [...report.unknownClaims] };
  }
}
