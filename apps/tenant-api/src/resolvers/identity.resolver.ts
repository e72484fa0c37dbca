import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { type Result, err, ok } from '@writ/domain';
import {
  type ControlTx,
  DirectoryGroupRow,
  IdentityProviderRow,
  MemberRow,
  ScimTokenRow,
  StaleVersion,
} from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, tenantOf } from '../caller.js';
import { DialBudget, tooManyDials } from '../dial-budget.js';
import { clientSecretContext, draftConnection } from '../connection-draft.js';
import { inputProblem, isFederated, mappingProblem, ownerless, widens } from '../identity-rules.js';
import type { Ports } from '../ports.js';
import { type UserError, UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/identity.types.js';
import { viewIdentityProvider } from '../schema/views.js';
import { connectionOfRow } from '../snapshot.js';
import { PORTS } from '../tokens.js';

const notFound = userError('id', UserErrorCode.NOT_FOUND, 'There is no such identity provider.');
const overlap = userError(
  'boundClaims',
  UserErrorCode.TAKEN,
  'Another connection already speaks for this issuer, audience and bound claims; bind a claim that is yours alone, such as tid, hd or org_id.',
);
const stillEnabled = userError('id', UserErrorCode.INVALID, 'Disable it first: gateways still trust it.');
/**
 * Takes (issuer, audience, bound claims) for this tenant. Until `isProven` the claim is provisional: only a tenant that
 * showed a real token of the issuer keeps others out, so that nobody can squat on an issuer that is not theirs.
 */
async function claimKeys(tx: ControlTx, row: IdentityProviderRow, isProven: boolean): Promise<Result<void, UserError>> {
  const claims = JSON.stringify(row.boundClaims);
  for (const audience of row.audiences) {
    const values = [row.issuer, audience, claims, row.id, isProven];
    const claimed = await tx.client.query('SELECT control.claim_connection_key($1, $2, $3, $4, $5) AS mine', values);
    if (claimed.rows[0]?.['mine'] !== true) return err(overlap);
  }
  return ok(undefined);
}

@Resolver()
export class IdentityResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
    @Inject(DialBudget) private readonly dials: DialBudget,
  ) {}

  @Mutation(() => t.CreateIdentityProviderPayload, {
    description:
      'Registers a way to verify callers: an OIDC issuer, a workload issuer, introspection or a certificate authority. It is trusted only once a real credential passed and it is enabled.',
  })
  async createIdentityProvider(
    @Args('input') input: t.CreateIdentityProviderInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    if (!this.dials.take(tenantOf(context.caller).tenant)) return { userErrors: [tooManyDials] };
    const problem = inputProblem(input) ?? mappingProblem(input.mappings);
    if (problem) return { userErrors: [problem] };
    const checked = await draftConnection(this.ports, input);
    if (!checked.ok) return { userErrors: [checked.error] };
    const { row: draft, crossOrigin } = checked.value;
    return this.administration.change(context, info, input, {
      event: 'admin.identity-provider-created',
      step: async (tx) => {
        if (await tx.one(IdentityProviderRow, { name: input.name }))
          return refusedWith(
            userError('name', UserErrorCode.TAKEN, 'An identity provider of this name exists; choose another name.'),
          );
        const id = this.ports.newId();
        const settings = await this.withSecret(tx.tenantId, id, draft.settings, input.clientSecret);
        const row = await tx.insert(IdentityProviderRow, { id, ...draft, settings });
        const claimed = await claimKeys(tx, row, false);
        if (!claimed.ok) return err([claimed.error]);
        const fields = {
          provider: input.name,
          kind: row.kind,
          issuer: row.issuer,
          audiences: row.audiences,
          crossOriginConfirmed: crossOrigin,
        };
        return ok({ answer: { identityProvider: viewIdentityProvider(row) }, fields, publish: false });
      },
    });
  }

  @Mutation(() => t.TestIdentityProviderPayload, {
    description:
      'Checks a real token and tells each check. The token is not kept, and nothing the issuer answered is echoed.',
  })
  async testIdentityProvider(
    @Args('input') input: t.TestIdentityProviderInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.identity-provider-tested',
      step: async (tx) => {
        const row = await tx.byId(IdentityProviderRow, fromId('IdentityProvider', input.id));
        if (!row) return refusedWith(notFound);
        if (!(await this.underTestLimit(tx)))
          return refusedWith(
            userError('', UserErrorCode.RATE_LIMITED, 'At most 30 tests in ten minutes; wait a little.'),
          );
        const { tree, accepted, roles } = await this.ports.identity.explain(
          tx.tenant.tenant,
          connectionOfRow(row),
          input.token,
        );
        if (accepted) await tx.update(IdentityProviderRow, row, { testedAt: new Date(this.ports.nowMs()) });
        return ok({
          answer: { passed: accepted, roles: [...roles] },
          // What the token said is for whoever pasted it, and is not kept for a repetition.
          once: { explanation: tree },
          fields: { provider: row.name, passed: accepted },
          publish: false,
        });
      },
    });
  }

  @Mutation(() => t.SetClaimMappingsPayload, { description: 'Replaces the ordered mapping from claims to roles.' })
  async setClaimMappings(
    @Args('input') input: t.SetClaimMappingsInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.claim-mappings-set',
      step: async (tx) => {
        const row = await tx.byId(IdentityProviderRow, fromId('IdentityProvider', input.id));
        if (!row) return refusedWith(notFound);
        const problem = mappingProblem(input.mappings);
        if (problem) return refusedWith(problem);
        const roleMappings = input.mappings.map(({ claim, equals, role }) => ({ claim, equals, role }));
        const done = await tx.update(IdentityProviderRow, row, { roleMappings }, input.expectedVersion);
        const orphaned = await ownerless(tx, done);
        if (row.enabled && orphaned) return refusedWith(orphaned);
        const needsApproval = row.enabled && widens(row.roleMappings, roleMappings) && (await isFederated(tx));
        const roles = [...new Set(roleMappings.map(({ role }) => role))].toSorted();
        return ok({
          answer: { identityProvider: viewIdentityProvider(done) },
          fields: { provider: row.name, mappings: roleMappings.length, roles },
          publish: row.enabled,
          needsApproval,
        });
      },
    });
  }

  @Mutation(() => t.EnableIdentityProviderPayload, {
    description: 'From now on gateways trust it. A real token must have passed first.',
  })
  async enableIdentityProvider(
    @Args('input') input: t.EnableIdentityProviderInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.switch(context, info, input, true);
  }

  @Mutation(() => t.DisableIdentityProviderPayload, { description: 'Gateways stop trusting it within two seconds.' })
  async disableIdentityProvider(
    @Args('input') input: t.DisableIdentityProviderInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.switch(context, info, input, false);
  }

  @Mutation(() => t.RemoveIdentityProviderPayload, {
    description: 'Forgets a disabled provider, its members and its SCIM token, and gives its issuer free.',
  })
  async removeIdentityProvider(
    @Args('input') input: t.RemoveIdentityProviderInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.identity-provider-removed',
      step: async (tx) => {
        const row = await tx.byId(IdentityProviderRow, fromId('IdentityProvider', input.id));
        if (!row) return refusedWith(notFound);
        if (row.version !== input.expectedVersion) throw new StaleVersion(row.version);
        if (row.enabled) return refusedWith(stillEnabled);
        await tx.remove(DirectoryGroupRow, { identityProviderId: row.id });
        await tx.remove(MemberRow, { identityProviderId: row.id });
        await tx.remove(ScimTokenRow, { identityProviderId: row.id });
        await tx.client.query('SELECT control.release_connection_keys($1)', [row.id]);
        await tx.remove(IdentityProviderRow, { id: row.id });
        const fields = { provider: row.name, issuer: row.issuer };
        return ok({ answer: { identityProvider: viewIdentityProvider(row) }, fields, publish: false });
      },
    });
  }

  private async switch(
    context: RequestContext,
    info: GraphQLResolveInfo,
    input: t.IdentityProviderRefInput,
    enabled: boolean,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: enabled ? 'admin.identity-provider-enabled' : 'admin.identity-provider-disabled',
      step: async (tx) => {
        const row = await tx.byId(IdentityProviderRow, fromId('IdentityProvider', input.id));
        if (!row) return refusedWith(notFound);
        if (enabled && !row.testedAt)
          return refusedWith(
            userError('id', UserErrorCode.NOT_VERIFIED, 'Call testIdentityProvider with a real token first.'),
          );
        const claimed = enabled ? await claimKeys(tx, row, true) : ok(undefined);
        if (!claimed.ok) return err([claimed.error]);
        const done = await tx.update(IdentityProviderRow, row, { enabled }, input.expectedVersion);
        const needsApproval = enabled && widens([], row.roleMappings) && (await isFederated(tx));
        const orphaned = enabled ? undefined : await ownerless(tx, done);
        if (orphaned) return refusedWith(orphaned);
        return ok({
          answer: { identityProvider: viewIdentityProvider(done) },
          fields: { provider: row.name },
          publish: true,
          needsApproval,
        });
      },
    });
  }

  private async withSecret(
    tenant: string,
    id: string,
    settings: Record<string, string>,
    secret: string | undefined,
  ): Promise<Record<string, string>> {
    if (secret === undefined) return settings;
    const sealed = await this.ports.kms.wrap(clientSecretContext(tenant, id), Buffer.from(secret, 'utf8'));
    return { ...settings, sealedClientSecret: sealed };
  }

  /** Each test dials out for its tenant, so tests are few (G12). */
  private async underTestLimit(tx: ControlTx): Promise<boolean> {
    const since = new Date(this.ports.nowMs() - 10 * 60 * 1000);
    const found = await tx.client.query(
      `SELECT count(*)::int AS tests FROM control.change WHERE tenant_id = $1 AND event = 'admin.identity-provider-tested' AND created_at > $2`,
      [tx.tenantId, since],
    );
    return Number(found.rows[0]?.['tests'] ?? 0) < 30;
  }
}
