import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { type ControlTx, PolicyVersionRow, TenantRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, callerDigest } from '../caller.js';
import type { PolicyComplaint, Ports } from '../ports.js';
import { type UserError, UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/policy.types.js';
import { viewPolicy } from '../schema/views.js';
import { PORTS } from '../tokens.js';

const sourceLimit = 256 * 1024;
const tooLong = userError('source', UserErrorCode.INVALID, 'A policy has at most 256 KiB; shorten it.');
const doesNotCompile: UserError = userError(
  'source',
  UserErrorCode.POLICY_INVALID,
  'The policy does not compile; correct what `diagnostics` lists.',
);

@Resolver()
export class PolicyResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Mutation(() => t.ValidatePolicyPayload, { description: 'Compiles and tells every complaint. Nothing is stored.' })
  async validatePolicy(
    @Args('input') input: t.ValidatePolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.policy-validated',
      step: async (tx) => {
        if (Buffer.byteLength(input.source) > sourceLimit) return refusedWith(tooLong);
        const compiled = this.ports.policy.compile(input.source, await nextNumber(tx));
        const complaints: readonly PolicyComplaint[] = compiled.ok ? [] : compiled.error;
        const hash = compiled.ok ? compiled.value.hash : null;
        return ok({
          answer: { valid: compiled.ok, hash, diagnostics: complaints },
          fields: { valid: compiled.ok, ...(hash !== null && { hash }), complaints: complaints.length },
          publish: false,
        });
      },
    });
  }

  @Mutation(() => t.DraftPolicyPayload, {
    description: 'Stores a new version that compiles. It decides nothing until it is published.',
  })
  async draftPolicy(
    @Args('input') input: t.DraftPolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    let complaints: readonly PolicyComplaint[] = [];
    const answer = await this.administration.change(context, info, input, {
      event: 'admin.policy-drafted',
      step: async (tx) => {
        if (Buffer.byteLength(input.source) > sourceLimit) return refusedWith(tooLong);
        const number = await nextNumber(tx);
        const compiled = this.ports.policy.compile(input.source, number);
        if (!compiled.ok) {
          complaints = compiled.error;
          return refusedWith(doesNotCompile);
        }
        const row = await tx.insert(PolicyVersionRow, {
          id: this.ports.newId(),
          number,
          source: input.source,
          hash: compiled.value.hash,
          state: 'draft',
          author: callerDigest(context.caller),
          publisher: null,
          publishedAt: null,
        });
        return ok({
          answer: { policy: viewPolicy(row), diagnostics: [] },
          fields: { number, hash: row.hash },
          publish: false,
        });
      },
    });
    return complaints.length === 0 ? answer : { ...answer, diagnostics: complaints };
  }

  @Mutation(() => t.PublishPolicyPayload, {
    description: 'From now on this version decides, on every gateway within two seconds.',
  })
  async publishPolicy(
    @Args('input') input: t.PublishPolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.policy-published',
      step: async (tx) => {
        const row = await tx.byId(PolicyVersionRow, fromId('Policy', input.id));
        if (!row) return refusedWith(userError('id', UserErrorCode.NOT_FOUND, 'There is no such policy version.'));
        if (row.hash !== input.expectedHash)
          return refusedWith(
            userError(
              'expectedHash',
              UserErrorCode.HASH_MISMATCH,
              `This version has the hash ${row.hash}; review that, then publish it.`,
            ),
          );
        const compiled = this.ports.policy.compile(row.source, row.number);
        if (!compiled.ok || compiled.value.hash !== row.hash)
          return refusedWith(
            userError(
              'id',
              UserErrorCode.POLICY_INVALID,
              'This version no longer compiles to the hash it was drafted with; draft it anew.',
            ),
          );
        const before = await tx.one(PolicyVersionRow, { state: 'published' });
        if (before && before.id !== row.id) await tx.update(PolicyVersionRow, before, { state: 'superseded' });
        const done = await tx.update(
          PolicyVersionRow,
          row,
          { state: 'published', publisher: callerDigest(context.caller), publishedAt: new Date(this.ports.nowMs()) },
          input.expectedVersion,
        );
        const fields = { number: row.number, hash: row.hash, ...(before && { before: before.number }) };
        const { policyApproval: needsApproval } = (await tx.one(TenantRow, { id: tx.tenantId })) ?? {
          policyApproval: true,
        };
        return ok({ answer: { policy: viewPolicy(done) }, fields, publish: true, needsApproval });
      },
    });
  }
}

/** Two drafts at once may get one number; then the unique index refuses the later one, which is tried again. */
async function nextNumber(tx: ControlTx): Promise<number> {
  const found = await tx.client.query(
    'SELECT coalesce(max(number), 0) + 1 AS next FROM control.policy_version WHERE tenant_id = $1',
    [tx.tenantId],
  );
  return Number(found.rows[0]?.['next'] ?? 1);
}
