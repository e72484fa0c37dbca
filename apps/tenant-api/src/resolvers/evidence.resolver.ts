import { Inject } from '@nestjs/common';
import { Args, Context, ID, Info, Int, Mutation, Query, Resolver } from '@nestjs/graphql';
import { ok, parseRecordId } from '@writ/domain';
import { enqueue } from '@writ/postgres';
import { EvidenceExportRow, TenantRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, logContextOf, refusedWith } from '../administration.js';
import { type RequestContext, callerDigest, tenantOf } from '../caller.js';
import type { Ports } from '../ports.js';
import { type Connection, PageArgs, UserErrorCode, userError } from '../schema/building-blocks.js';
import * as t from '../schema/evidence.types.js';
import { fromId, toId } from '../schema/ids.js';
import { type ExportProgressRow, viewCheckpoint, viewDecision, viewExport, viewProof } from '../schema/views.js';
import { pageOf } from '../page.js';
import { PORTS } from '../tokens.js';
import { readSelection, selectionFields } from './export-selection.js';

/** Whoever reads evidence leaves evidence: each query here commits an `access.*` record before it reads. */
@Resolver()
export class EvidenceResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => t.Decision, { nullable: true, description: 'One decision by its id, with every record of its request.' })
  async decision(
    @Args('id', { type: () => ID }) id: string,
    @Context() context: RequestContext,
  ): Promise<t.Decision | null> {
    // The gateway's header `x-writ-decision` shows the record's bare UUID; both lead to the same record.
    const record = fromId('Record', id) ?? (parseRecordId(id).ok ? id : undefined);
    if (record === undefined) return null;
    await this.administration.note(context, 'access.decision', { record });
    const view = await this.ports.evidence.decision(tenantOf(context.caller), record);
    return view ? viewDecision(view) : null;
  }

  @Query(() => t.DecisionConnection, { description: 'Decisions, newest first.' })
  async decisions(
    @Args() page: PageArgs,
    @Args('filter', { type: () => t.DecisionFilter, nullable: true }) filter: t.DecisionFilter | undefined,
    @Context() context: RequestContext,
  ): Promise<Connection<t.Decision>> {
    const after = page.after === undefined ? undefined : fromId('Record', page.after);
    const query = {
      first: page.first + 1,
      ...(after !== undefined && { after }),
      ...(filter?.effect !== undefined && { effect: filter.effect }),
      ...(filter?.code !== undefined && { code: filter.code }),
      ...(filter?.class !== undefined && { class: filter.class }),
      ...(filter?.shadowDiffers !== undefined && { shadowDiffers: filter.shadowDiffers }),
      ...(filter?.taxonomyDiffers !== undefined && { taxonomyDiffers: filter.taxonomyDiffers }),
      ...(filter?.from !== undefined && { fromMs: Date.parse(filter.from) }),
      ...(filter?.to !== undefined && { toMs: Date.parse(filter.to) }),
    };
    await this.administration.note(context, 'access.decisions', { first: page.first });
    const { found, searchedTo } = await this.ports.evidence.decisions(tenantOf(context.caller), query);
    const shown = pageOf(found.map(viewDecision), page.first);
    // What matches rarely may lie deeper than one answer searches: the page says so, and where to go on.
    if (searchedTo === undefined) return shown;
    return { ...shown, pageInfo: { hasNextPage: true, endCursor: toId('Record', searchedTo) } };
  }

  @Query(() => t.AuditProof, { nullable: true, description: 'What proves one record, and its place in the log.' })
  async auditProof(
    @Args('recordId', { type: () => ID }) id: string,
    @Context() context: RequestContext,
  ): Promise<t.AuditProof | null> {
    const record = fromId('Record', id) ?? (parseRecordId(id).ok ? id : undefined);
    if (record === undefined) return null;
    await this.administration.note(context, 'access.proof', { record });
    const found = await this.ports.evidence.proof(tenantOf(context.caller), record);
    return found ? viewProof(found) : null;
  }

  @Query(() => [t.Checkpoint], { description: 'The newest signed checkpoints of the log.' })
  async checkpoints(
    @Args('first', { type: () => Int }) first: number,
    @Context() context: RequestContext,
  ): Promise<t.Checkpoint[]> {
    await this.administration.note(context, 'access.checkpoints', { first });
    return (await this.ports.evidence.checkpoints(tenantOf(context.caller), first)).map(viewCheckpoint);
  }

  @Query(() => t.EvidenceExportConnection)
  async exports(@Args() page: PageArgs, @Context() context: RequestContext): Promise<Connection<t.EvidenceExport>> {
    const after = page.after === undefined ? undefined : fromId('Export', page.after);
    await this.administration.note(context, 'access.exports', { first: page.first });
    return this.ports.control.inTenant(tenantOf(context.caller), async (tx) => {
      const rows = await tx.page(EvidenceExportRow, page.first + 1, after);
      const text = 'SELECT * FROM control.export_progress WHERE tenant_id = $1 AND export_id = ANY ($2)';
      const found = (await tx.client.query(text, [tx.tenantId, rows.map((row) => row.id)])).rows;
      const progress = new Map((found as unknown as readonly ExportProgressRow[]).map((row) => [row.export_id, row]));
      return pageOf(
        rows.map((row) => viewExport(row, progress.get(row.id))),
        page.first,
      );
    });
  }

  @Mutation(() => t.RequestExportPayload, { description: 'Asks for a bundle that `writ verify` checks offline.' })
  async requestExport(
    @Args('input') input: t.RequestExportInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'export.requested',
      step: async (tx) => {
        const from = new Date(input.from);
        const to = new Date(input.to);
        if (to <= from)
          return refusedWith(userError('to', UserErrorCode.INVALID, 'The range must end after it begins.'));
        if (!/^\S.{2,199}$/u.test(input.purpose))
          return refusedWith(userError('purpose', UserErrorCode.INVALID, 'Say the purpose in 3 to 200 characters.'));
        const own = await tx.one(TenantRow, { id: tx.tenantId });
        if (!own) throw new Error('the tenant of an export must exist');
        const { hmacKey } = await logContextOf(this.ports, tx.tenant, own);
        const asked = readSelection(input, hmacKey);
        if (!asked.ok) return refusedWith(asked.error);
        const { selection, disclose } = asked.value;
        const id = this.ports.newId();
        const row = await tx.insert(EvidenceExportRow, {
          id,
          selection,
          disclose: [...disclose],
          purpose: input.purpose,
          from,
          to,
          state: 'requested',
          requestedBy: callerDigest(context.caller),
          location: `/exports/${toId('Export', id)}`,
        });
        const job = { id, queue: 'export', payload: { export: id }, cost: 2 };
        await enqueue((text, values) => tx.client.query(text, values), tx.tenant.tenant, job);
        return ok({
          answer: { export: viewExport(row) },
          fields: { export: id, from: input.from, to: input.to, ...selectionFields(asked.value) },
          publish: false,
          // What was sealed leaves the ledger: that is for two people to decide.
          needsApproval: disclose.length > 0,
        });
      },
    });
  }
}
