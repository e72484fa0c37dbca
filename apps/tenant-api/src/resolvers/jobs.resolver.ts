import { Inject } from '@nestjs/common';
import { Args, Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import { ok } from '@writ/domain';
import type { ControlTx } from '@writ/postgres/control';
import type { GraphQLResolveInfo } from 'graphql';
import { Administration, type Answer, refusedWith } from '../administration.js';
import { type RequestContext, tenantOf } from '../caller.js';
import { pageOf } from '../page.js';
import type { Ports } from '../ports.js';
import { type Connection, PageArgs, UserErrorCode, userError } from '../schema/building-blocks.js';
import { fromId, toId } from '../schema/ids.js';
import * as t from '../schema/job.types.js';
import { PORTS } from '../tokens.js';

interface JobRow {
  readonly id: string;
  readonly queue: string;
  readonly attempt: number;
  readonly created_at: Date;
  readonly due_at: Date;
  readonly fed_at: Date | null;
  readonly dead_at: Date | null;
  readonly failure: string | null;
}

const columns = 'id, queue, attempt, created_at, due_at, fed_at, dead_at, failure';
const states: Readonly<Record<t.JobState, string>> = {
  [t.JobState.WAITING]: 'fed_at IS NULL AND dead_at IS NULL',
  [t.JobState.IN_FLIGHT]: 'fed_at IS NOT NULL',
  [t.JobState.DEAD]: 'dead_at IS NOT NULL',
};

/** The jobs of this tenant that are not done, for whoever has to know why something has not happened yet. */
@Resolver()
export class JobsResolver {
  constructor(
    @Inject(PORTS) private readonly ports: Ports,
    @Inject(Administration) private readonly administration: Administration,
  ) {}

  @Query(() => t.JobConnection, {
    description: 'Jobs that are not done, newest first; those given up with their reason.',
  })
  async jobs(
    @Args() page: PageArgs,
    @Args('state', { type: () => t.JobState, nullable: true }) state: t.JobState | undefined,
    @Context() context: RequestContext,
  ): Promise<Connection<t.Job>> {
    const after = page.after === undefined ? undefined : fromId('Job', page.after);
    const where = state === undefined ? 'true' : states[state];
    const text = `SELECT ${columns} FROM control.work WHERE tenant_id = $1 AND ${where} AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`;
    const rows = await this.ports.control.inTenant(tenantOf(context.caller), (tx) =>
      tx.client.query(text, [tx.tenantId, after ?? null, page.first + 1]),
    );
    return pageOf((rows.rows as unknown as readonly JobRow[]).map(viewJob), page.first);
  }

  @Query(() => [t.UpkeepCheck], {
    description: 'Verified domains and identity providers, as last looked at; what fails comes first.',
  })
  async checks(@Context() context: RequestContext): Promise<t.UpkeepCheck[]> {
    const text = `SELECT kind, name, ok, failures, because, checked_at FROM control.upkeep_check WHERE tenant_id = $1 ORDER BY ok, kind, name LIMIT 500`;
    const { rows } = await this.ports.control.inTenant(tenantOf(context.caller), (tx) =>
      tx.client.query(text, [tx.tenantId]),
    );
    return (rows as unknown as readonly (Omit<t.UpkeepCheck, 'checkedAt'> & { readonly checked_at: Date })[]).map(
      ({ checked_at, ...row }) => ({ ...row, checkedAt: checked_at.toISOString() }),
    );
  }

  @Mutation(() => t.RetryJobPayload, {
    description: 'Lets a job that was given up be tried again from its first attempt.',
  })
  async retryJob(
    @Args('input') input: t.RetryJobInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    return this.onDeadJob(context, info, input, 'admin.job-retried', 'retry_work');
  }

  @Mutation(() => t.DismissJobPayload, { description: 'Ends a job that was given up; nobody will do it.' })
  async dismissJob(
    @Args('input') input: t.DismissJobInput,
    @Context() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Answer> {
    if (!/^\S.{2,199}$/u.test(input.reason))
      return { userErrors: [userError('reason', UserErrorCode.INVALID, 'Say why in 3 to 200 characters.')] };
    return this.onDeadJob(context, info, input, 'admin.job-dismissed', 'dismiss_work');
  }

  private onDeadJob(
    context: RequestContext,
    info: GraphQLResolveInfo,
    input: t.RetryJobInput,
    event: string,
    routine: 'retry_work' | 'dismiss_work',
  ): Promise<Answer> {
    return this.administration.change(context, info, input, {
      event,
      step: async (tx) => {
        const id = fromId('Job', input.jobId);
        const job = id === undefined ? undefined : await deadJob(tx, id);
        if (id === undefined || job === undefined)
          return refusedWith(userError('jobId', UserErrorCode.NOT_FOUND, 'No job of this id was given up.'));
        await tx.client.query(`SELECT control.${routine}($1, $2)`, [tx.tenantId, id]);
        return ok({ answer: { job: viewJob(job) }, fields: { job: id, queue: job.queue }, publish: false });
      },
    });
  }
}

async function deadJob(tx: ControlTx, id: string): Promise<JobRow | undefined> {
  const text = `SELECT ${columns} FROM control.work WHERE tenant_id = $1 AND id = $2 AND dead_at IS NOT NULL`;
  return (await tx.client.query(text, [tx.tenantId, id])).rows[0] as unknown as JobRow | undefined;
}

function viewJob(row: JobRow): t.Job {
  const state =
    row.dead_at !== null ? t.JobState.DEAD : row.fed_at !== null ? t.JobState.IN_FLIGHT : t.JobState.WAITING;
  return {
    id: toId('Job', row.id),
    queue: row.queue,
    state,
    attempts: row.attempt,
    createdAt: row.created_at.toISOString(),
    dueAt: state === t.JobState.WAITING ? row.due_at.toISOString() : null,
    failure: row.failure,
  };
}
