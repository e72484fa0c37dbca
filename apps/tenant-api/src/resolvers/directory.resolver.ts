import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { DirectoryGroupRow, DirectoryMembershipRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, tenantOf } from '../caller.js';
import { itemName, notFound } from '../catalogue-rules.js';
import { isAdministrative, isFederated } from '../identity-rules.js';
import { pageOf } from '../page.js';
import { reservedRoles } from '../roles.js';
import type { Ports } from '../ports.js';
import { type Connection, PageArgs, UserErrorCode, userError } from '../schema/building-blocks.js';
import * as t from '../schema/directory.types.js';
import { fromId } from '../schema/ids.js';
import { viewDirectoryGroup } from '../schema/views.js';
import { PORTS } from '../tokens.js';

@Resolver()
export class DirectoryResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => t.DirectoryGroupConnection, { description: 'Groups that identity providers announced; newest first.' })
  async directoryGroups(
    @Args() page: PageArgs,
    @Context() context: RequestContext,
  ): Promise<Connection<t.DirectoryGroup>> {
    const after = page.after === undefined ? undefined : fromId('DirectoryGroup', page.after);
    return this.ports.control.inTenant(tenantOf(context.caller), async (tx) => {
      const rows = await tx.page(DirectoryGroupRow, page.first + 1, after);
      const memberships = await tx.all(DirectoryMembershipRow);
      return pageOf(
        rows.map((row) => viewDirectoryGroup(row, memberships)),
        page.first,
      );
    });
  }

  @Mutation(() => t.SetDirectoryGroupRolesPayload, {
    description: 'Gives roles to everyone in a group. A role that administers needs a second person.',
  })
  async setDirectoryGroupRoles(
    @Args('input') input: t.SetDirectoryGroupRolesInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.group-roles-set',
      step: async (tx) => {
        const row = await tx.byId(DirectoryGroupRow, fromId('DirectoryGroup', input.id));
        if (!row) return refusedWith(notFound('id', 'group'));
        const roles = [...new Set(input.roles)].toSorted();
        if (roles.length > 50 || roles.some((role) => !itemName.test(role) || reservedRoles.includes(role)))
          return refusedWith(
            userError('roles', UserErrorCode.INVALID, 'At most 50 roles, each 1 to 63 of a-z, 0-9 and hyphen.'),
          );
        const widened = roles.some((role) => isAdministrative(role) && !row.roles.includes(role));
        const done = await tx.update(DirectoryGroupRow, row, { roles }, input.expectedVersion);
        const memberships = await tx.all(DirectoryMembershipRow, { groupId: row.id });
        return ok({
          answer: { directoryGroup: viewDirectoryGroup(done, memberships) },
          fields: { group: row.id, roles },
          publish: true,
          needsApproval: widened && (await isFederated(tx)),
        });
      },
    });
  }
}
