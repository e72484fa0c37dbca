import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import { openText } from '@writ/platform';
import { type ControlTx, StaleVersion, TenantRow } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, logContextOf, refusedWith } from '../administration.js';
import { type RequestContext, callerDigest, tenantOf } from '../caller.js';
import { pageOf } from '../page.js';
import type { Ports } from '../ports.js';
import { type Connection, PageArgs, UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId, toId } from '../schema/ids.js';
import * as t from '../schema/review.types.js';
import { PORTS } from '../tokens.js';

interface ReviewRow {
  readonly id: string;
  readonly request_id: string;
  readonly sealed: string;
  readonly asked: Readonly<Record<string, number>>;
  readonly verdict: Readonly<Record<string, number>>;
  readonly state: 'pending' | 'clear' | 'confirmed' | 'failed';
  readonly decided_by: string | null;
  readonly reason: string | null;
  readonly first_clear_by: string | null;
  readonly taken_by: string | null;
  readonly needs_two: boolean;
  readonly created_at: Date;
  readonly expires_at: Date;
}

const columns =
  'id, request_id, sealed, asked, verdict, state, decided_by, reason, first_clear_by, taken_by, needs_two, created_at, expires_at';
const unknownReview = userError('reviewId', UserErrorCode.NOT_FOUND, 'No review of this id waits for a decision.');

/** People review too: list, take, decide with a reason. What they say can tighten what was found, and never loosen it. */
@Resolver()
export class ReviewsResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => t.ReviewConnection, { description: 'Reviews, newest first.' })
  async reviews(
    @Args() page: PageArgs,
    @Args('state', { type: () => t.ReviewState, nullable: true }) state: t.ReviewState | undefined,
    @Context() context: RequestContext,
  ): Promise<Connection<t.Review>> {
    const after = page.after === undefined ? undefined : fromId('Review', page.after);
    const text = `SELECT ${columns} FROM control.review WHERE tenant_id = $1 AND ($2::text IS NULL OR state = $2)
      AND ($3::uuid IS NULL OR (created_at, id) < (SELECT r.created_at, r.id FROM control.review r WHERE r.id = $3 AND r.tenant_id = $1))
      ORDER BY created_at DESC, id DESC LIMIT $4`;
    const { rows } = await this.ports.control.inTenant(tenantOf(context.caller), (tx) =>
      tx.client.query(text, [tx.tenantId, state?.toLowerCase() ?? null, after ?? null, page.first + 1]),
    );
    return pageOf((rows as unknown as readonly ReviewRow[]).map(viewReview), page.first);
  }

  @Query(() => t.ReviewSettings, { nullable: true })
  async reviewSettings(@Context() context: RequestContext): Promise<t.ReviewSettings | null> {
    const found = await this.ports.control.inTenant(tenantOf(context.caller), settingsOf);
    return found ?? null;
  }

  @Mutation(() => t.SetReviewPayload, {
    description: 'Chooses the model that reviews, and where two people must agree.',
  })
  async setReview(
    @Args('input') input: t.SetReviewInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'admin.review-set',
      step: async (tx) => {
        const { model, classes, secondPersonClasses } = input;
        if (!/^[\w./:-]{1,128}$/.test(model))
          return refusedWith(userError('model', UserErrorCode.INVALID, 'Name an alias or a model.'));
        if ([...classes, ...secondPersonClasses].some((name) => !/^[A-Z][A-Z0-9_]{0,63}$/.test(name)))
          return refusedWith(userError('classes', UserErrorCode.INVALID, 'A class is named like PHI.'));
        const before = (await settingsOf(tx))?.version ?? 0;
        if (before !== input.expectedVersion) throw new StaleVersion(before);
        await tx.client.query(
          `INSERT INTO control.review_setting (tenant_id, model, second_person_classes, classes) VALUES ($1, $2, $3, $4)
           ON CONFLICT (tenant_id) DO UPDATE SET model = $2, second_person_classes = $3, classes = $4, version = control.review_setting.version + 1`,
          [tx.tenantId, model, JSON.stringify(secondPersonClasses), JSON.stringify(classes)],
        );
        const fields = { model, classes: classes.toSorted(), secondPersonClasses: secondPersonClasses.toSorted() };
        return ok({ answer: { settings: await settingsOf(tx) }, fields, publish: true });
      },
    });
  }

  @Mutation(() => t.TakeReviewPayload, {
    description: 'Takes a review for a quarter of an hour and shows its text, in which values are replaced by tokens.',
  })
  async takeReview(
    @Args('input') input: t.TakeReviewInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: 'review.taken',
      step: async (tx) => {
        const row = await reviewOf(tx, input.reviewId);
        if (row === undefined) return refusedWith(unknownReview);
        const { rows } = await tx.client.query('SELECT control.take_review($1, $2, $3) AS taken', [
          tx.tenantId,
          row.id,
          callerDigest(context.caller),
        ]);
        if (rows[0]?.['taken'] !== true)
          return refusedWith(userError('reviewId', UserErrorCode.TAKEN, 'Somebody else is at it, or it is decided.'));
        const tenant = await tx.one(TenantRow, { id: tx.tenantId });
        if (!tenant) throw new Error('the tenant of a review must exist');
        const { contentKey } = await logContextOf(this.ports, tx.tenant, tenant);
        const text = openText(contentKey, `${tx.tenantId}|review|${row.id}`, row.sealed);
        const review = viewReview({ ...row, taken_by: callerDigest(context.caller) });
        const fields = { review: row.id, request: row.request_id };
        return ok({ answer: { review }, once: { text }, fields, publish: false });
      },
    });
  }

  @Mutation(() => t.DecideReviewPayload, {
    description:
      'Decides a review. CONFIRMED is for ever; CLEAR may need a second person, and never takes CONFIRMED back.',
  })
  async decideReview(
    @Args('input') input: t.DecideReviewInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event: input.confirmed ? 'review.confirmed' : 'review.clear',
      step: async (tx) => {
        const { confirmed, reason } = input;
        if (!/^\S.{2,499}$/su.test(reason))
          return refusedWith(userError('reason', UserErrorCode.INVALID, 'Say why in 3 to 500 characters.'));
        const row = await reviewOf(tx, input.reviewId);
        if (row === undefined) return refusedWith(unknownReview);
        const by = callerDigest(context.caller);
        if (!confirmed && row.needs_two && row.first_clear_by === by)
          return refusedWith(
            userError('reviewId', UserErrorCode.SECOND_PERSON_REQUIRED, 'You agreed already; a second person must.'),
          );
        const verdict = confirmed ? Object.fromEntries(Object.keys(row.asked).map((name) => [name, 1_000])) : {};
        const { rows } = await tx.client.query('SELECT control.settle_review($1, $2, $3, $4, $5, $6) AS settled', [
          tx.tenantId,
          row.id,
          confirmed ? 'confirmed' : 'clear',
          JSON.stringify(verdict),
          by,
          reason,
        ]);
        if (rows[0]?.['settled'] !== true)
          return refusedWith(
            userError('reviewId', UserErrorCode.CONFLICT, 'It is decided, and a decision is not loosened.'),
          );
        const after = await reviewOf(tx, input.reviewId);
        const fields = {
          review: row.id,
          request: row.request_id,
          by: 'person',
          stands: after?.state ?? row.state,
        };
        return ok({ answer: { review: viewReview(after ?? row) }, fields, publish: false });
      },
    });
  }
}

async function reviewOf(tx: ControlTx, reviewId: string): Promise<ReviewRow | undefined> {
  const id = fromId('Review', reviewId);
  if (id === undefined) return undefined;
  const text = `SELECT ${columns} FROM control.review WHERE tenant_id = $1 AND id = $2 AND expires_at > clock_timestamp()`;
  return (await tx.client.query(text, [tx.tenantId, id])).rows[0] as unknown as ReviewRow | undefined;
}

async function settingsOf(tx: ControlTx): Promise<t.ReviewSettings | undefined> {
  const text =
    'SELECT model, classes, second_person_classes AS "secondPersonClasses", version FROM control.review_setting WHERE tenant_id = $1';
  return (await tx.client.query(text, [tx.tenantId])).rows[0] as unknown as t.ReviewSettings | undefined;
}

const states = {
  pending: t.ReviewState.PENDING,
  clear: t.ReviewState.CLEAR,
  confirmed: t.ReviewState.CONFIRMED,
  failed: t.ReviewState.FAILED,
} as const;

function viewReview(row: ReviewRow): t.Review {
  return {
    id: toId('Review', row.id),
    state: states[row.state],
    asked: scored(row.asked),
    verdict: scored(row.verdict),
    decidedBy: row.decided_by,
    reason: row.reason,
    needsTwoPeople: row.needs_two,
    firstPersonAgreed: row.first_clear_by !== null,
    isTaken: row.taken_by !== null,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  };
}

function scored(classes: Readonly<Record<string, number>>): t.ReviewedClass[] {
  return Object.entries(classes).map(([name, score]) => ({ class: name, score }));
}
