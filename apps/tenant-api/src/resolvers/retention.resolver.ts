import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { type RecordId, ok, parseRecordId } from '@writ/domain';
import { subjectRef } from '@writ/ledger';
import { enqueue } from '@writ/postgres';
import { type ControlTx, TenantRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, logContextOf, refusedWith } from '../administration.js';
import { type RequestContext, tenantOf } from '../caller.js';
import type { HoldView, Ports } from '../ports.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import * as t from '../schema/evidence.types.js';
import { fromId } from '../schema/ids.js';
import { endless, viewHold } from '../schema/views.js';
import { PORTS } from '../tokens.js';

const sequencedMs = 2_000;
const plainText = /^\S[^\p{C}]{2,199}$/u;

/** What keeps records, and what lets go of them. Each change is a record of the log that it concerns. */
@Resolver()
export class RetentionResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => [t.LegalHold], { description: 'Legal holds, the newest first; released ones too.' })
  async legalHolds(@Context() context: RequestContext): Promise<t.LegalHold[]> {
    await this.administration.note(context, 'access.holds', {});
    return (await this.ports.evidence.holds(tenantOf(context.caller))).map(viewHold);
  }

  @Query(() => [t.RetentionClass], { description: 'How long records can be kept, and how long new ones are.' })
  async retentionClasses(@Context() context: RequestContext): Promise<t.RetentionClass[]> {
    const tenant = tenantOf(context.caller);
    const classes = await this.ports.evidence.retentionClasses(tenant);
    const row = await this.ports.control.inTenant(tenant, (tx) => tx.one(TenantRow, { id: tx.tenantId }));
    return classes.map(({ name, keep }) => ({ name, keep, current: name === row?.keep }));
  }

  @Mutation(() => t.PlaceLegalHoldPayload, {
    description: 'Keeps records from deletion and erasure until the hold is released. In force before the answer.',
  })
  async placeLegalHold(
    @Args('input') input: t.PlaceLegalHoldInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const { evidence } = this.ports;
    const tenant = tenantOf(context.caller);
    return this.administration.change(context, info, input, {
      event: 'hold.placed',
      step: async () => {
        if (!plainText.test(input.matter))
          return refusedWith(userError('matter', UserErrorCode.INVALID, 'Name the matter in 3 to 200 characters.'));
        const from = input.from === undefined ? 0 : await evidence.indexAt(tenant, Date.parse(input.from));
        const to = input.to === undefined ? endless : await evidence.indexAt(tenant, Date.parse(input.to));
        if (to <= from)
          return refusedWith(userError('to', UserErrorCode.INVALID, 'No record lies in that range of time.'));
        const recordId = this.recordId();
        const hold: HoldView = {
          id: this.ports.newId(),
          from,
          to,
          matter: input.matter,
          placedAtMs: this.ports.nowMs(),
        };
        // Before its record: a hold without one keeps too much, a record without a hold would keep nothing.
        if (!input.dryRun) await evidence.writeHold(tenant, { ...hold, event: 'placed', record: recordId });
        const fields = { hold: hold.id, from, to, matter: input.matter };
        return ok({ answer: { hold: viewHold(hold) }, fields, publish: false, recordId });
      },
    });
  }

  @Mutation(() => t.ReleaseLegalHoldPayload, { description: 'Lets a hold go, with the approval of a second person.' })
  async releaseLegalHold(
    @Args('input') input: t.ReleaseLegalHoldInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const { evidence } = this.ports;
    const tenant = tenantOf(context.caller);
    const recordId = this.recordId();
    let hold: HoldView | undefined;
    const answer = await this.administration.change(context, info, input, {
      event: 'hold.released',
      step: async () => {
        const id = fromId('Hold', input.id);
        hold = (await evidence.holds(tenant)).find((each) => each.id === id);
        if (hold === undefined)
          return refusedWith(userError('id', UserErrorCode.NOT_FOUND, 'There is no such legal hold.'));
        if (hold.releasedAtMs !== undefined)
          return refusedWith(userError('id', UserErrorCode.INVALID, 'This hold was released before.'));
        if (!plainText.test(input.reason))
          return refusedWith(userError('reason', UserErrorCode.INVALID, 'Say why in 3 to 200 characters.'));
        const released = viewHold({ ...hold, releasedAtMs: this.ports.nowMs() });
        const fields = { hold: hold.id };
        return ok({ answer: { hold: released }, fields, publish: false, needsApproval: true, recordId });
      },
    });
    // After its record: should this fail, the hold goes on, and the release can be sent again.
    if (hold !== undefined && !input.dryRun && answer['auditRecord'] !== undefined)
      await evidence.writeHold(tenant, { ...hold, event: 'released', record: recordId });
    return answer;
  }

  @Mutation(() => t.ChooseRetentionPayload, {
    description: 'How long records are kept that are written from now on; a shorter time needs a second person.',
  })
  async chooseRetention(
    @Args('input') input: t.ChooseRetentionInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.retention-chosen',
      step: async (tx) => {
        const classes = await this.ports.evidence.retentionClasses(tenantOf(context.caller));
        const place = (name: string): number => classes.findIndex((each) => each.name === name);
        const chosen = classes[place(input.keep)];
        if (chosen === undefined) {
          const names = classes.map(({ name }) => name).join(', ');
          return refusedWith(userError('keep', UserErrorCode.INVALID, `Choose one of ${names}.`));
        }
        const before = await this.own(tx);
        const done = await tx.update(TenantRow, before, { keep: chosen.name });
        return ok({
          answer: { retention: { ...chosen, current: true } },
          fields: { keep: done.keep, before: before.keep },
          publish: true,
          // The database lists them from the shortest.
          needsApproval: place(chosen.name) < place(before.keep),
        });
      },
    });
  }

  @Mutation(() => t.EraseSubjectPayload, {
    description:
      'Orders that the keys of all that is sealed of one subject are destroyed, with the approval of a second person. What a hold covers stays; every proof still holds.',
  })
  async eraseSubject(
    @Args('input') input: t.EraseSubjectInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'erasure.executed',
      step: async (tx) => {
        if (!plainText.test(input.basis))
          return refusedWith(userError('basis', UserErrorCode.INVALID, 'Name the basis in 3 to 200 characters.'));
        const { hmacKey } = await logContextOf(this.ports, tx.tenant, await this.own(tx));
        const handle = subjectRef(hmacKey, { issuer: input.issuer, id: input.subject });
        const fields = { subject_ref: handle, basis: input.basis };
        const recordId = this.recordId();
        // Carried out once the record of it stands in the tree, which takes a second or so.
        const job = {
          id: recordId,
          queue: 'erasure',
          payload: { kind: 'order', order: recordId },
          delayMs: sequencedMs,
        };
        await enqueue((text, values) => tx.client.query(text, values), tx.tenant.tenant, job);
        const erasure = { subjectRef: handle };
        return ok({ answer: { erasure }, fields, publish: false, needsApproval: true, recordId });
      },
    });
  }

  private recordId(): RecordId {
    const id = parseRecordId(this.ports.newId());
    if (!id.ok) throw new Error(id.error);
    return id.value;
  }

  private async own(tx: ControlTx): Promise<TenantRow> {
    const row = await tx.one(TenantRow, { id: tx.tenantId });
    if (!row) throw new Error('the tenant of this credential does not exist');
    return row;
  }
}
