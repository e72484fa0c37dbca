import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { type ControlTx, TenantRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, callerDigest, refusedError, tenantOf } from '../caller.js';
import { type Removed, destroyKeys, isHeld, removeAccess } from '../offboarding.js';
import type { Ports } from '../ports.js';
import { type UserError, UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/offboarding.types.js';
import { viewTenant } from '../setup.js';
import { PORTS } from '../tokens.js';

const dayMs = 24 * 60 * 60 * 1000;
const invalid = (field: string, message: string): UserError => userError(field, UserErrorCode.INVALID, message);

type State = TenantRow['state'];

/** How a tenant stops, and how it leaves. Gateways refuse within two seconds of each step. */
@Resolver()
export class OffboardingResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Mutation(() => t.SuspendTenantPayload, { description: 'Every gateway refuses the tenant until it is resumed.' })
  suspendTenant(
    @Args('input') input: t.SuspendTenantInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.move(context, info, input, 'admin.tenant-suspended', ['active'], { state: 'suspended' });
  }

  @Mutation(() => t.ResumeTenantPayload, { description: 'Ends a suspension. Needs a second person.' })
  resumeTenant(
    @Args('input') input: t.ResumeTenantInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.move(context, info, input, 'admin.tenant-resumed', ['suspended'], { state: 'active' }, true);
  }

  @Mutation(() => t.RequestTenantDeletionPayload, {
    description:
      'Refused at every gateway from now on; keys are destroyed after the days of grace. Needs a second person.',
  })
  async requestTenantDeletion(
    @Args('input') input: t.RequestTenantDeletionInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    if (input.graceDays < 0 || input.graceDays > 90)
      return { userErrors: [invalid('graceDays', 'The days of grace are 0 to 90.')] };
    const deletionDueAt = new Date(this.ports.nowMs() + input.graceDays * dayMs);
    const change = { state: 'deleting' as const, deletionDueAt };
    return this.move(context, info, input, 'admin.tenant-deletion-requested', ['active', 'suspended'], change, true);
  }

  @Mutation(() => t.CancelTenantDeletionPayload, {
    description: 'Leaves the tenant suspended, as a person must resume it.',
  })
  cancelTenantDeletion(
    @Args('input') input: t.CancelTenantDeletionInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const change = { state: 'suspended' as const, deletionDueAt: null };
    return this.move(context, info, input, 'admin.tenant-deletion-cancelled', ['deleting'], change);
  }

  @Mutation(() => t.CompleteTenantDeletionPayload, {
    description:
      'After the days of grace: destroys the keys and answers the signed certificate. Nobody can call again.',
  })
  async completeTenantDeletion(
    @Args('input') input: t.CompleteTenantDeletionInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    let removed: Removed | undefined;
    const answer = await this.administration.change(context, info, input, {
      event: 'admin.tenant-deleted',
      step: async (tx) => {
        const row = await own(tx);
        const due = row.deletionDueAt;
        if (row.state !== 'deleting' || due === null || due.getTime() > this.ports.nowMs())
          return refusedWith(invalid('', 'Deletion was not asked for, or its days of grace are not over.'));
        const { rows } = await tx.client.query('SELECT control.is_under_hold() AS held');
        if (rows[0]?.['held'] === true)
          return refusedWith(invalid('', 'A legal hold is in force; whoever placed it must release it first.'));
        const done = await tx.update(TenantRow, row, {}, input.expectedVersion);
        removed = await removeAccess(tx, this.ports.nowMs());
        return ok({
          answer: { tenant: await viewTenant(tx, done, this.ports.nowMs()) },
          fields: { ...removed },
          publish: true,
        });
      },
    });
    const record = (answer['auditRecord'] as { readonly id: string } | undefined)?.id;
    if (removed === undefined || record === undefined) return answer;
    const about = { record: fromId('Record', record) ?? '', requester: callerDigest(context.caller), removed };
    try {
      return { ...answer, certificate: await destroyKeys(this.ports, tenantOf(context.caller), about) };
    } catch (cause) {
      if (!isHeld(cause)) throw cause;
      return {
        userErrors: [invalid('', 'A legal hold was placed meanwhile; access has ended and the keys are kept.')],
      };
    }
  }

  private move(
    context: RequestContext,
    info: GraphQLResolveInfo,
    input: { readonly expectedVersion: number; readonly reason: string },
    event: string,
    from: readonly State[],
    change: Partial<TenantRow>,
    needsApproval = false,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event,
      step: async (tx) => {
        if (input.reason.trim().length < 3 || input.reason.length > 500)
          return refusedWith(invalid('reason', 'Give the reason in 3 to 500 characters.'));
        const row = await own(tx);
        if (!from.includes(row.state)) return refusedWith(invalid('', `The tenant is ${row.state}.`));
        const done = await tx.update(TenantRow, row, change, input.expectedVersion);
        const fields = { ...(change.deletionDueAt && { due: change.deletionDueAt.toISOString() }) };
        return ok({
          answer: { tenant: await viewTenant(tx, done, this.ports.nowMs()) },
          fields,
          publish: true,
          needsApproval,
        });
      },
    });
  }
}

async function own(tx: ControlTx): Promise<TenantRow> {
  const row = await tx.one(TenantRow, { id: tx.tenantId });
  if (!row) throw refusedError('NO_TENANT', 'This tenant does not exist any more.');
  return row;
}
