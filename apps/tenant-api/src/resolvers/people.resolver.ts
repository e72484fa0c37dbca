import { createHash, randomBytes } from 'node:crypto';
import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { AppKeyRow, AppRow, ApprovalRow, IdentityProviderRow, MemberRow, ScimTokenRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, callerDigest, tenantOf } from '../caller.js';
import { itemName } from '../catalogue-rules.js';
import { isAdministrative } from '../identity-rules.js';
import { pageOf } from '../page.js';
import { reservedRoles, rolePermissions } from '../roles.js';
import type { Ports } from '../ports.js';
import { digestsOf } from '../same-person.js';
import { type Connection, PageArgs, type UserError, UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import { RotateScimTokenInput, RotateScimTokenPayload } from '../schema/identity.types.js';
import * as t from '../schema/people.types.js';
import { viewApp, viewAppKey, viewApproval, viewMember } from '../schema/views.js';
import type { TenantApiSettings } from '../settings.js';
import { PORTS, SETTINGS } from '../tokens.js';

const dayMs = 24 * 60 * 60 * 1000;
const invalid = (field: string, message: string): UserError => userError(field, UserErrorCode.INVALID, message);
const notFound = (field: string, what: string): UserError =>
  userError(field, UserErrorCode.NOT_FOUND, `There is no such ${what}.`);

@Resolver()
export class PeopleResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(SETTINGS) private readonly settings: TenantApiSettings,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => [t.Role], {
    description: 'The roles that mean something to this API; a claim mapping may name others for policy.',
  })
  roles(): t.Role[] {
    return Object.entries(rolePermissions)
      .filter(([name]) => !reservedRoles.includes(name))
      .map(([name, permissions]) => ({ name, permissions }));
  }

  @Query(() => t.AppConnection)
  async apps(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<t.App>> {
    const after = page.after === undefined ? undefined : fromId('App', page.after);
    return this.ports.control.inTenant(tenantOf(context.caller), async (tx) => {
      const keys = await tx.all(AppKeyRow);
      const rows = await tx.page(AppRow, page.first + 1, after);
      return pageOf(
        rows.map((row) => viewApp(row, keys)),
        page.first,
      );
    });
  }

  @Query(() => t.MemberConnection)
  async members(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<t.Member>> {
    const after = page.after === undefined ? undefined : fromId('Member', page.after);
    const rows = await this.ports.control.inTenant(tenantOf(context.caller), (tx) =>
      tx.page(MemberRow, page.first + 1, after),
    );
    return pageOf(rows.map(viewMember), page.first);
  }

  @Query(() => t.ApprovalConnection, { description: 'Changes that wait for, or got, a second person; newest first.' })
  async approvals(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<t.Approval>> {
    const after = page.after === undefined ? undefined : fromId('Approval', page.after);
    const rows = await this.ports.control.inTenant(tenantOf(context.caller), (tx) =>
      tx.page(ApprovalRow, page.first + 1, after),
    );
    return pageOf(rows.map(viewApproval), page.first);
  }

  @Mutation(() => t.CreateAppPayload)
  async createApp(
    @Args('input') input: t.CreateAppInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.app-created',
      step: async (tx) => {
        if (!itemName.test(input.name))
          return refusedWith(invalid('name', 'A name is 1 to 63 of a-z, 0-9 and hyphen.'));
        const kind = input.kind === 'agent' || input.kind === 'workload' ? input.kind : undefined;
        if (!kind) return refusedWith(invalid('kind', 'Choose agent or workload.'));
        if (input.roles.length > 20 || input.roles.some((role) => !itemName.test(role) || isAdministrative(role)))
          return refusedWith(invalid('roles', 'At most 20 roles; a role that administers is not for an app.'));
        const roles = [...new Set(input.roles)].toSorted();
        const row = await tx.insert(AppRow, { id: this.ports.newId(), name: input.name, kind, roles });
        return ok({ answer: { app: viewApp(row, []) }, fields: { app: row.name, kind, roles }, publish: false });
      },
    });
  }

  @Mutation(() => t.CreateAppKeyPayload, {
    description: 'Makes a key. The secret is in this answer and nowhere else; only its hash is kept.',
  })
  async createAppKey(
    @Args('input') input: t.CreateAppKeyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.app-key-created',
      step: async (tx) => {
        const app = await tx.byId(AppRow, fromId('App', input.appId));
        if (!app) return refusedWith(notFound('appId', 'app'));
        const nowMs = this.ports.nowMs();
        const expiresAt = input.expiresAt === undefined ? new Date(nowMs + 90 * dayMs) : new Date(input.expiresAt);
        if (expiresAt.getTime() <= nowMs || expiresAt.getTime() > nowMs + 366 * dayMs)
          return refusedWith(invalid('expiresAt', 'A key ends between now and a year from now.'));
        const secret = `writ_${randomBytes(32).toString('base64url')}`;
        const row = await tx.insert(AppKeyRow, {
          id: this.ports.newId(),
          appId: app.id,
          sha256: createHash('sha256').update(secret).digest('hex'),
          prefix: secret.slice(0, 9),
          lastFour: secret.slice(-4),
          expiresAt,
          revokedAt: null,
        });
        const fields = { app: app.name, key: row.id, prefix: row.prefix, lastFour: row.lastFour };
        return ok({ answer: { appKey: viewAppKey(row) }, once: { secret }, fields, publish: true });
      },
    });
  }

  @Mutation(() => t.RevokeAppKeyPayload, { description: 'Gateways refuse the key within two seconds.' })
  async revokeAppKey(
    @Args('input') input: t.RevokeAppKeyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.app-key-revoked',
      step: async (tx) => {
        const row = await tx.byId(AppKeyRow, fromId('AppKey', input.id));
        if (!row) return refusedWith(notFound('id', 'app key'));
        const revokedAt = row.revokedAt ?? new Date(this.ports.nowMs());
        const done = await tx.update(AppKeyRow, row, { revokedAt }, input.expectedVersion);
        return ok({ answer: { appKey: viewAppKey(done) }, fields: { key: row.id }, publish: true });
      },
    });
  }

  @Mutation(() => RotateScimTokenPayload, {
    description: 'Makes the SCIM token of an identity provider; the one before ends.',
  })
  async rotateScimToken(
    @Args('input') input: RotateScimTokenInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.scim-token-rotated',
      step: async (tx) => {
        const provider = await tx.byId(IdentityProviderRow, fromId('IdentityProvider', input.identityProviderId));
        if (!provider) return refusedWith(notFound('identityProviderId', 'identity provider'));
        await tx.remove(ScimTokenRow, { identityProviderId: provider.id });
        const scimToken = `scim_${randomBytes(32).toString('base64url')}`;
        await tx.insert(ScimTokenRow, {
          id: this.ports.newId(),
          identityProviderId: provider.id,
          sha256: createHash('sha256').update(scimToken).digest('hex'),
          lastFour: scimToken.slice(-4),
        });
        const scimUrl = new URL('/scim/v2', this.settings.publicUrl).href;
        return ok({ answer: { scimUrl }, once: { scimToken }, fields: { provider: provider.name }, publish: false });
      },
    });
  }

  @Mutation(() => t.SetMemberRolesPayload, {
    description: 'Grants roles on top of the claim mapping. Needs a second person.',
  })
  async setMemberRoles(
    @Args('input') input: t.SetMemberRolesInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.member-roles-set',
      step: async (tx) => {
        const row = await tx.byId(MemberRow, fromId('Member', input.id));
        if (!row) return refusedWith(notFound('id', 'member'));
        if (input.roles.some((role) => !isAdministrative(role) || reservedRoles.includes(role)))
          return refusedWith(invalid('roles', 'Only roles that `roles` lists can be granted here.'));
        const roles = [...new Set(input.roles)].toSorted();
        const needsApproval = roles.some((role) => !row.roles.includes(role));
        const done = await tx.update(MemberRow, row, { roles }, input.expectedVersion);
        return ok({
          answer: { member: viewMember(done) },
          fields: { member: row.id, roles },
          publish: true,
          needsApproval,
        });
      },
    });
  }

  @Mutation(() => t.RemoveMemberPayload, {
    description: 'Refuses the person here and, within two seconds, at every gateway, whatever the token says.',
  })
  async removeMember(
    @Args('input') input: t.RemoveMemberInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.member-removed',
      step: async (tx) => {
        const row = await tx.byId(MemberRow, fromId('Member', input.id));
        if (!row) return refusedWith(notFound('id', 'member'));
        if (context.caller.kind === 'member' && context.caller.subject.id === row.subject)
          return refusedWith(
            userError('id', UserErrorCode.LAST_OWNER, 'Nobody removes themselves; another owner can.'),
          );
        const done = await tx.update(MemberRow, row, { active: false, roles: [] }, input.expectedVersion);
        return ok({ answer: { member: viewMember(done) }, fields: { member: row.id }, publish: true });
      },
    });
  }

  @Mutation(() => t.ApproveChangePayload, { description: 'A second person agrees to exactly these arguments.' })
  async approveChange(
    @Args('input') input: t.ApproveChangeInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.decide(context, info, input, 'approved', null);
  }

  @Mutation(() => t.RejectChangePayload)
  async rejectChange(
    @Args('input') input: t.RejectChangeInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.decide(context, info, input, 'rejected', input.reason);
  }

  private async decide(
    context: RequestContext,
    info: GraphQLResolveInfo,
    input: t.ApproveChangeInput,
    state: 'approved' | 'rejected',
    reason: string | null,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: state === 'approved' ? 'admin.change-approved' : 'admin.change-rejected',
      step: async (tx) => {
        const row = await tx.byId(ApprovalRow, fromId('Approval', input.id));
        if (!row) return refusedWith(notFound('id', 'approval'));
        const nowMs = this.ports.nowMs();
        if (row.state !== 'pending' || row.expiresAt.getTime() <= nowMs)
          return refusedWith(invalid('id', 'This request is decided or expired already.'));
        const decidedBy = callerDigest(context.caller);
        if ((await digestsOf(tx, context.caller)).includes(row.requestedBy))
          return refusedWith(
            userError(
              'id',
              UserErrorCode.SECOND_PERSON_REQUIRED,
              'Whoever asked for a change cannot decide on it; another administrator can.',
            ),
          );
        const changes = { state, decidedBy, decidedAt: new Date(nowMs), reason };
        const done = await tx.update(ApprovalRow, row, changes, input.expectedVersion);
        return ok({
          answer: { approval: viewApproval(done) },
          fields: { approval: row.id, change: row.kind },
          publish: false,
        });
      },
    });
  }
}
