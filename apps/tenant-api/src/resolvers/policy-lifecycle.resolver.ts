import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Resolver } from '@nestjs/graphql';
import { type Endpoint, type Result, err, ok } from '@writ/domain';
import { type ControlTx, PolicyVersionRow, StaleVersion, TenantRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, type Done, logContextOf, refusedWith } from '../administration.js';
import { type RequestContext, callerDigest, tenantOf } from '../caller.js';
import {
  checkFailed,
  checkedAgainstAnother,
  hashDiffers,
  noLongerCompiles,
  needsSecondPerson,
  notApproved,
  stepOf,
  told,
} from '../policy-steps.js';
import { type Check, checkSource, recentFacts } from '../policy-work.js';
import type { Ports } from '../ports.js';
import { type UserError, UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId } from '../schema/ids.js';
import * as t from '../schema/policy.types.js';
import { viewCheck, viewPolicy } from '../schema/policy-views.js';
import { digestsOf } from '../same-person.js';
import { endpointsOf } from '../snapshot.js';
import { PORTS } from '../tokens.js';
import { insertDraft, noSuchVersion } from './policy.resolver.js';

/** What a version and its check are made of, read before the change begins. */
interface Standing {
  readonly row: PolicyVersionRow;
  readonly inForce: PolicyVersionRow | undefined;
  readonly needsApproval: boolean;
  readonly endpoints: readonly Endpoint[];
}

/** A version's way into force: check, submit, approve, publish; trial beside the live one; and back again. */
@Resolver()
export class PolicyLifecycleResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Mutation(() => t.CheckPolicyPayload, {
    description:
      'Runs the gate over a draft: tests, broken rules, loosenings, proofs, replay of recent requests. One that passes is validated.',
  })
  async checkPolicy(
    @Args('input') input: t.CheckPolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const standing = await this.standing(context, input.id);
    if (!standing.ok) return { userErrors: [standing.error] };
    const checked = await this.check(context, standing.value);
    if (!checked.ok) return { userErrors: [checked.error] };
    return this.administration.change(context, info, input, {
      event: 'admin.policy-checked',
      step: async (tx) => {
        const row = await this.own(tx, input.id);
        if (!row.ok) return err([row.error]);
        const done = await this.keepCheck(tx, row.value, checked.value, input.expectedVersion);
        if (!done.ok) return err([done.error]);
        const { number, hash } = done.value;
        const fields = { number, hash, passed: checked.value.passed, loosenings: checked.value.loosenings.length };
        return ok({
          answer: { policy: viewPolicy(done.value), check: viewCheck(checked.value) },
          fields,
          publish: row.value.shadow && !done.value.shadow,
        });
      },
    });
  }

  @Mutation(() => t.SubmitPolicyPayload, { description: 'Lays a validated version before a second person.' })
  async submitPolicy(
    @Args('input') input: t.SubmitPolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.policy-submitted',
      step: async (tx) => {
        const row = await this.own(tx, input.id);
        if (!row.ok) return err([row.error]);
        const next = stepOf(row.value, { kind: 'submit' });
        if (!next.ok) return err([next.error]);
        return told(await tx.update(PolicyVersionRow, row.value, { state: 'submitted' }, input.expectedVersion));
      },
    });
  }

  @Mutation(() => t.ApprovePolicyPayload, {
    description: 'By somebody who never edited this version, with every loosening ticked by its id.',
  })
  async approvePolicy(
    @Args('input') input: t.ApprovePolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.policy-approved',
      step: async (tx) => {
        const row = await this.own(tx, input.id);
        if (!row.ok) return err([row.error]);
        if (row.value.hash !== input.expectedHash) return refusedWith(hashDiffers(row.value));
        const loosenings = (row.value.report as unknown as Check | null)?.loosenings ?? [];
        const digests = await digestsOf(tx, context.caller);
        // Whoever edited it is an author by whichever identity provider it comes now.
        const approver = digests.find((digest) => row.value.authors.includes(digest)) ?? callerDigest(context.caller);
        const ticked = [...new Set(input.ticked)].toSorted();
        const next = stepOf(row.value, { kind: 'approve', approver, ticked, loosenings });
        if (!next.ok) return err([next.error]);
        const changes = { state: 'approved', approver, ticked } as const;
        return told(await tx.update(PolicyVersionRow, row.value, changes, input.expectedVersion), {
          loosenings: ticked,
        });
      },
    });
  }

  @Mutation(() => t.RejectPolicyPayload, { description: 'Sends a submitted or approved version back to its author.' })
  async rejectPolicy(
    @Args('input') input: t.RejectPolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.policy-rejected',
      step: async (tx) => {
        const row = await this.own(tx, input.id);
        if (!row.ok) return err([row.error]);
        if (!/^\S.{1,198}\S$/u.test(input.reason))
          return refusedWith(userError('reason', UserErrorCode.INVALID, 'Say why in 3 to 200 characters.'));
        if (row.value.state !== 'submitted' && row.value.state !== 'approved')
          return refusedWith(userError('id', UserErrorCode.WRONG_STATE, 'Only what was submitted can be rejected.'));
        const back = { state: 'draft', approver: null, ticked: [], shadow: false } as const;
        const done = await tx.update(PolicyVersionRow, row.value, back, input.expectedVersion);
        return told(done, {}, row.value.shadow);
      },
    });
  }

  @Mutation(() => t.PublishPolicyPayload, {
    description:
      'From now on this version decides, on every gateway within two seconds. Where the tenant asks for two people it must be approved; else a draft is checked in the same call.',
  })
  async publishPolicy(
    @Args('input') input: t.PublishPolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const standing = await this.standing(context, input.id);
    if (!standing.ok) return { userErrors: [standing.error] };
    const { row: before, needsApproval } = standing.value;
    if (before.hash !== input.expectedHash) return { userErrors: [hashDiffers(before)] };
    const checksNow = before.state === 'draft' && !needsApproval;
    const checked = checksNow ? await this.check(context, standing.value) : undefined;
    if (checked?.ok === false) return { userErrors: [checked.error] };
    if (checked?.ok === true && !checked.value.passed)
      return { userErrors: [checkFailed], check: viewCheck(checked.value) };
    return this.administration.change(context, info, input, {
      event: 'admin.policy-published',
      step: async (tx) => {
        const row = await this.own(tx, input.id);
        if (!row.ok) return err([row.error]);
        if (row.value.version !== input.expectedVersion) throw new StaleVersion(row.value.version);
        const ready = checked ? await this.keepCheck(tx, row.value, checked.value) : row;
        return ready.ok ? this.publish(tx, ready.value, input.expectedHash, context) : err([ready.error]);
      },
    });
  }

  private async publish(
    tx: ControlTx,
    row: PolicyVersionRow,
    expectedHash: string,
    context: RequestContext,
  ): Promise<Result<Done, readonly UserError[]>> {
    const report = row.report as unknown as Check | null;
    const invariantsProved = report?.passed === true && report.hash === row.hash;
    const needsApproval = await needsSecondPerson(tx);
    if (needsApproval && row.state !== 'approved') return refusedWith(notApproved);
    const next = stepOf(row, { kind: 'publish', expectedHash, invariantsProved, needsApproval });
    if (!next.ok) return err([next.error]);
    const before = await tx.one(PolicyVersionRow, { state: 'published' });
    if ((before?.hash ?? null) !== report?.inForce) return refusedWith(checkedAgainstAnother);
    if (before) await tx.update(PolicyVersionRow, before, { state: 'superseded' });
    const done = await tx.update(PolicyVersionRow, row, {
      state: 'published',
      shadow: false,
      publisher: callerDigest(context.caller),
      publishedAt: new Date(this.ports.nowMs()),
    });
    const fields = {
      number: row.number,
      hash: row.hash,
      ...(before && { before: before.number }),
      ...(row.rollbackOf !== null && { rollbackOf: row.rollbackOf }),
    };
    return ok({ answer: { policy: viewPolicy(done) }, fields, publish: true });
  }

  @Mutation(() => t.RollbackPolicyPayload, {
    description:
      'Brings the text of a superseded version back as a new one, checked and submitted at once; approval and publishing are the same as ever.',
  })
  async rollbackPolicy(
    @Args('input') input: t.RollbackPolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const standing = await this.standing(context, input.id);
    if (!standing.ok) return { userErrors: [standing.error] };
    const { row: old } = standing.value;
    if (old.state !== 'superseded')
      return { userErrors: [userError('id', UserErrorCode.WRONG_STATE, 'Only a superseded version can come back.')] };
    const checked = await this.check(context, standing.value);
    if (!checked.ok) return { userErrors: [checked.error] };
    return this.administration.change(context, info, input, {
      event: 'admin.policy-rolled-back',
      step: async (tx) => {
        const { number, hash } = old;
        const draft = await insertDraft(this.ports, tx, context.caller, { ...contentOf(old), rollbackOf: number });
        const kept = await this.keepCheck(tx, draft, checked.value);
        if (!kept.ok) return err([kept.error]);
        const submits = kept.value.state === 'validated' && (await needsSecondPerson(tx));
        const done = submits ? await tx.update(PolicyVersionRow, kept.value, { state: 'submitted' }) : kept.value;
        return ok({
          answer: { policy: viewPolicy(done), check: viewCheck(checked.value) },
          fields: { number: done.number, hash, rollbackOf: number, passed: checked.value.passed },
          publish: false,
        });
      },
    });
  }

  @Mutation(() => t.TryPolicyPayload, {
    description: 'Puts a checked version on trial beside the live one, or ends its trial. It never changes an outcome.',
  })
  async tryPolicy(
    @Args('input') input: t.TryPolicyInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.policy-trial',
      step: async (tx) => {
        const row = await this.own(tx, input.id);
        if (!row.ok) return err([row.error]);
        const next = stepOf(row.value, { kind: 'shadow', on: input.on });
        if (!next.ok) return err([next.error]);
        const other = await tx.one(PolicyVersionRow, { shadow: true });
        if (other && other.id !== row.value.id) await tx.update(PolicyVersionRow, other, { shadow: false });
        const done = await tx.update(PolicyVersionRow, row.value, { shadow: input.on }, input.expectedVersion);
        return told(done, { on: input.on }, true);
      },
    });
  }

  private async own(tx: ControlTx, id: string): Promise<Result<PolicyVersionRow, UserError>> {
    const row = await tx.byId(PolicyVersionRow, fromId('Policy', id));
    return row ? ok(row) : err(noSuchVersion);
  }

  private async standing({ caller }: RequestContext, id: string): Promise<Result<Standing, UserError>> {
    return this.ports.control.inTenant(tenantOf(caller), async (tx) => {
      const row = await this.own(tx, id);
      if (!row.ok) return row;
      const inForce = await tx.one(PolicyVersionRow, { state: 'published' });
      const endpoints = await endpointsOf(tx);
      return ok({ row: row.value, inForce, needsApproval: await needsSecondPerson(tx), endpoints });
    });
  }

  /** Outside any transaction: it takes seconds at worst. Reading facts leaves its own record first. */
  private async check(
    context: RequestContext,
    { row, inForce, endpoints }: Standing,
  ): Promise<Result<Check, UserError>> {
    const tenant = tenantOf(context.caller);
    const log = await this.ports.control.inTenant(tenant, async (tx) => {
      const own = await tx.one(TenantRow, { id: tx.tenantId });
      if (!own) throw new Error('the tenant of a policy must exist');
      return logContextOf(this.ports, tenant, own);
    });
    await this.administration.note(context, 'access.facts', { policy: row.number });
    const recorded = await recentFacts(this.ports, log);
    const checked = await checkSource(this.ports, tenant, { source: row.source, inForce, endpoints, recorded });
    if (checked.ok) return checked;
    return err('code' in checked.error ? checked.error : noLongerCompiles(checked.error));
  }

  /** Stores what a check found; one that passed makes the version validated. */
  private async keepCheck(
    tx: ControlTx,
    row: PolicyVersionRow,
    check: Check,
    expectedVersion = row.version,
  ): Promise<Result<PolicyVersionRow, UserError>> {
    if (row.state !== 'draft' && row.state !== 'validated')
      return err(userError('id', UserErrorCode.WRONG_STATE, 'A version is checked before it is submitted.'));
    if (check.hash !== row.hash || check.sourceHash !== row.sourceHash) throw new StaleVersion(row.version);
    const report = { ...check } as unknown as Record<string, unknown>;
    const state = check.passed ? 'validated' : 'draft';
    return ok(
      await tx.update(
        PolicyVersionRow,
        row,
        { report, state, ...(state === 'draft' && { shadow: false }) },
        expectedVersion,
      ),
    );
  }
}

/** What a version says, without its way through the states. */
function contentOf({ source, hash, image, diagnostics, sourceHash }: PolicyVersionRow) {
  return { source, hash, image, diagnostics, sourceHash };
}
