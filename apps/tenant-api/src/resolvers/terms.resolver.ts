import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { ok, type TaxonomySource } from '@writ/domain';
import { type ControlTx, TermUploadPartRow, TermUploadRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, actorOf, tenantOf } from '../caller.js';
import { notFound } from '../catalogue-rules.js';
import type { Ports } from '../ports.js';
import { UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId, toId } from '../schema/ids.js';
import * as t from '../schema/taxonomy.types.js';
import { setTaxonomy } from '../taxonomy-rules.js';
import { PORTS } from '../tokens.js';

const termsAtMost = 100_000;
const partAtMost = 2_000;
const partsAtMost = 1_000;
const openAtMost = 5;

/** Terms in bulk: announced, sent in parts that may be repeated, and brought into the taxonomy as one change. */
@Resolver()
export class TermsResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => [t.TermUpload], { description: 'Every upload and how far it has come, the oldest first.' })
  async termUploads(@Context() context: RequestContext): Promise<t.TermUpload[]> {
    return this.ports.control.inTenant(tenantOf(context.caller), async (tx) => {
      const rows = await tx.all(TermUploadRow);
      return rows.map((row) => viewUpload(row));
    });
  }

  @Mutation(() => t.StartTermUploadPayload, { description: 'Announces terms of one class.' })
  async startTermUpload(
    @Args('input') input: t.StartTermUploadInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const problem = this.problemOf(input);
    if (problem) return { userErrors: [problem] };
    return this.administration.change(context, info, input, {
      event: 'admin.term-upload-started',
      step: async (tx) => {
        const open = await tx.all(TermUploadRow, { state: 'open' });
        if (open.length >= openAtMost) return refusedWith(tooManyOpen);
        const { class: termClass, expected } = input;
        const values = { termClass, expected, state: 'open' as const, startedBy: actorOf(context.caller), parts: {} };
        const row = await tx.insert(TermUploadRow, { id: this.ports.newId(), ...values });
        const fields = { upload: row.id, class: termClass, expected };
        return ok({ answer: { upload: viewUpload(row) }, fields, publish: false });
      },
    });
  }

  @Mutation(() => t.UploadTermsPayload, { description: 'Sends one part. A repeated part replaces the first.' })
  async uploadTerms(
    @Args('input') input: t.UploadTermsInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    const { part, terms } = input;
    if (part < 0 || part >= partsAtMost || terms.length === 0 || terms.length > partAtMost)
      return { userErrors: [badPart] };
    return this.administration.change(context, info, input, {
      event: 'admin.terms-uploaded',
      step: async (tx) => {
        const row = await tx.byId(TermUploadRow, fromId('TermUpload', input.uploadId));
        if (row?.state !== 'open') return refusedWith(notFound('uploadId', 'open upload'));
        const parts = { ...row.parts, [part]: terms.length };
        if (countOf(parts) > row.expected) return refusedWith(tooManyTerms);
        await tx.remove(TermUploadPartRow, { uploadId: row.id, part });
        await tx.insert(TermUploadPartRow, { id: this.ports.newId(), uploadId: row.id, part, terms });
        const updated = await tx.update(TermUploadRow, row, { parts });
        const fields = { upload: row.id, part, terms: terms.length };
        return ok({ answer: { upload: viewUpload(updated) }, fields, publish: false });
      },
    });
  }

  @Mutation(() => t.FinishTermUploadPayload, {
    description: 'Brings the uploaded terms into the taxonomy. Whatever may find less needs a second person.',
  })
  async finishTermUpload(
    @Args('input') input: t.FinishTermUploadInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.taxonomy-set',
      step: async (tx) => {
        const row = await tx.byId(TermUploadRow, fromId('TermUpload', input.uploadId));
        if (row?.state !== 'open') return refusedWith(notFound('uploadId', 'open upload'));
        const received = countOf(row.parts);
        if (received !== row.expected) return refusedWith(unfinished(received, row.expected));
        const parts = await partsOf(tx, row);
        const version = `tenant-${input.expectedVersion + 1}`;
        const set = await setTaxonomy(this.ports, tx, input.expectedVersion, (before) =>
          withUpload(before, row.termClass, parts, input.replaceClass, version),
        );
        if (!set.ok) return set;
        await tx.remove(TermUploadPartRow, { uploadId: row.id });
        const finished = await tx.update(TermUploadRow, row, { state: 'finished' });
        const { taxonomy, ...done } = set.value;
        return ok({ ...done, answer: { upload: viewUpload(finished), taxonomy } });
      },
    });
  }

  @Mutation(() => t.AbandonTermUploadPayload, { description: 'Forgets an upload and its parts.' })
  async abandonTermUpload(
    @Args('input') input: t.AbandonTermUploadInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.term-upload-abandoned',
      step: async (tx) => {
        const row = await tx.byId(TermUploadRow, fromId('TermUpload', input.uploadId));
        if (row?.state !== 'open') return refusedWith(notFound('uploadId', 'open upload'));
        await tx.remove(TermUploadPartRow, { uploadId: row.id });
        const abandoned = await tx.update(TermUploadRow, row, { state: 'abandoned', parts: {} });
        return ok({ answer: { upload: viewUpload(abandoned) }, fields: { upload: row.id }, publish: false });
      },
    });
  }

  private problemOf({ class: name, expected }: t.StartTermUploadInput) {
    if (expected < 1 || expected > termsAtMost)
      return userError('expected', UserErrorCode.INVALID, `From 1 to ${termsAtMost} terms.`);
    if (!/^[A-Za-z][A-Za-z0-9_.-]{0,62}$/.test(name))
      return userError('class', UserErrorCode.INVALID, 'A class is a word of letters, digits, points and dashes.');
    return undefined;
  }
}

const tooManyOpen = userError(
  '',
  UserErrorCode.INVALID,
  `At most ${openAtMost} uploads may be open; finish or abandon one.`,
);
const badPart = userError(
  'part',
  UserErrorCode.INVALID,
  `Parts count from 0, and each holds 1 to ${partAtMost} terms.`,
);
const tooManyTerms = userError('terms', UserErrorCode.INVALID, 'More terms than the upload announced.');

function unfinished(received: number, expected: number) {
  return userError('uploadId', UserErrorCode.INVALID, `${received} of ${expected} terms have arrived; send the rest.`);
}

async function partsOf(tx: ControlTx, { id }: TermUploadRow): Promise<readonly TermUploadPartRow[]> {
  const parts = await tx.all(TermUploadPartRow, { uploadId: id });
  return parts.toSorted((a, b) => a.part - b.part);
}

function countOf(parts: TermUploadRow['parts']): number {
  return Object.values(parts).reduce((sum, terms) => sum + terms, 0);
}

function viewUpload(row: TermUploadRow): t.TermUpload {
  return {
    id: toId('TermUpload', row.id),
    class: row.termClass,
    state: t.TermUploadState[row.state.toUpperCase() as keyof typeof t.TermUploadState],
    expected: row.expected,
    received: countOf(row.parts),
    parts: Object.keys(row.parts).map(Number),
  };
}

/** Each term once; those that the taxonomy holds already stay where they are. */
function withUpload(
  before: TaxonomySource | undefined,
  termClass: string,
  parts: readonly TermUploadPartRow[],
  replaceClass: boolean,
  version: string,
): TaxonomySource {
  const { terms = [], patterns = [], thresholds = {} } = before ?? {};
  const kept = replaceClass ? terms.filter((entry) => entry.class !== termClass) : terms;
  const known = new Set(kept.filter((entry) => entry.class === termClass).map(({ term }) => term));
  const uploaded = new Set(parts.flatMap((part) => part.terms).filter((term) => !known.has(term)));
  const added = [...uploaded].map((term) => ({ class: termClass, term }));
  return { version, terms: [...kept, ...added], patterns, thresholds };
}
