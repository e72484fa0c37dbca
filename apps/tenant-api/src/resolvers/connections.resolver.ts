import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { algorithmsOfKeys } from '@writ/identity';
import { IdentityProviderRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, refusedError, tenantOf } from '../caller.js';
import { notFound } from '../catalogue-rules.js';
import { clientSecretContext } from '../connection-draft.js';
import { DialBudget, tooManyDials } from '../dial-budget.js';
import { mappingProblem, revokedProblem } from '../identity-rules.js';
import type { Ports } from '../ports.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/identity.types.js';
import { viewIdentityProvider } from '../schema/views.js';
import { connectionOfRow } from '../snapshot.js';
import { PORTS } from '../tokens.js';

/** What changes a connection after it was made, and what a change would do. */
@Resolver()
export class ConnectionsResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
    @Inject(DialBudget) private readonly dials: DialBudget,
  ) {}

  @Query(() => t.ClaimMappingPreview, {
    nullable: true,
    description: 'The roles that a real token has now and would have by another mapping. Null for an unknown provider.',
  })
  async previewClaimMappings(
    @Args('input') input: t.PreviewClaimMappingsInput,
    @Context() context: RequestContext,
  ): Promise<t.ClaimMappingPreview | null> {
    const tenant = tenantOf(context.caller);
    const problem = mappingProblem(input.mappings);
    if (problem) throw refusedError('BAD_USER_INPUT', `${problem.field.join('.')}: ${problem.message}`);
    const id = fromId('IdentityProvider', input.id);
    const row = await this.ports.control.inTenant(tenant, (tx) => tx.byId(IdentityProviderRow, id));
    if (!row) return null;
    if (!this.dials.take(tenant.tenant)) throw refusedError('RATE_LIMITED', tooManyDials.message);
    const roleMappings = input.mappings.map(({ claim, equals, role }) => ({ claim, equals, role }));
    const connection = connectionOfRow(row);
    const now = await this.ports.identity.explain(tenant.tenant, connection, input.token);
    const then = await this.ports.identity.explain(tenant.tenant, { ...connection, roleMappings }, input.token);
    return {
      accepted: then.accepted,
      rolesNow: [...now.roles],
      rolesThen: [...then.roles],
      explanation: then.tree as t.ExplainNode,
    };
  }

  @Mutation(() => t.UpdateIdentityProviderPayload, {
    description: 'Changes what does not widen trust in one step. New keys must pass a test before it is enabled again.',
  })
  async updateIdentityProvider(
    @Args('input') input: t.UpdateIdentityProviderInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.identity-provider-updated',
      step: async (tx) => {
        const row = await tx.byId(IdentityProviderRow, fromId('IdentityProvider', input.id));
        if (!row) return refusedWith(notFound('id', 'identity provider'));
        const { maxLifetimeSeconds = row.maxLifetimeSeconds, revoked, jwks } = input;
        if (maxLifetimeSeconds < 60 || maxLifetimeSeconds > 86_400)
          return refusedWith(
            userError('maxLifetimeSeconds', UserErrorCode.INVALID, 'A token may live from a minute to a day.'),
          );
        const wrong = revoked && revokedProblem(revoked);
        if (wrong) return refusedWith(wrong);
        if (
          jwks !== undefined &&
          (row.settings['jwks'] === undefined || jwks.length > 65_536 || algorithmsOfKeys(jwks).length === 0)
        )
          return refusedWith(
            userError(
              'jwks',
              UserErrorCode.INVALID,
              'Only uploaded keys are replaced, by a JWK set with a public key.',
            ),
          );
        if (jwks !== undefined && row.enabled)
          return refusedWith(
            userError('id', UserErrorCode.INVALID, 'Disable it first: gateways still trust its keys.'),
          );
        const settings = {
          ...row.settings,
          ...(revoked && { revoked: revoked.join(' ') }),
          ...(jwks !== undefined && { jwks }),
        };
        const keys = jwks === undefined ? {} : { testedAt: null, algorithms: [...algorithmsOfKeys(jwks)] };
        const done = await tx.update(
          IdentityProviderRow,
          row,
          { maxLifetimeSeconds, settings, ...keys },
          input.expectedVersion,
        );
        const fields = { provider: row.name, maxLifetimeSeconds, newKeys: jwks !== undefined };
        return ok({
          answer: { identityProvider: viewIdentityProvider(done) },
          fields: { ...fields, ...(revoked && { revoked: revoked.length }) },
          publish: row.enabled,
        });
      },
    });
  }

  @Mutation(() => t.RotateClientSecretPayload, { description: "Replaces the introspection client's secret." })
  async rotateClientSecret(
    @Args('input') input: t.RotateClientSecretInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.client-secret-rotated',
      step: async (tx) => {
        const row = await tx.byId(IdentityProviderRow, fromId('IdentityProvider', input.id));
        if (!row) return refusedWith(notFound('id', 'identity provider'));
        if (row.kind !== 'introspection' || !/^[\x21-\x7e]{8,512}$/.test(input.clientSecret))
          return refusedWith(
            userError(
              'clientSecret',
              UserErrorCode.INVALID,
              'An introspection client has a secret of 8 to 512 characters.',
            ),
          );
        const purpose = clientSecretContext(tx.tenantId, row.id);
        const sealedClientSecret = await this.ports.kms.wrap(purpose, Buffer.from(input.clientSecret, 'utf8'));
        const settings = { ...row.settings, sealedClientSecret };
        const done = await tx.update(IdentityProviderRow, row, { settings }, input.expectedVersion);
        const answer = { identityProvider: viewIdentityProvider(done) };
        return ok({ answer, fields: { provider: row.name }, publish: row.enabled });
      },
    });
  }
}
