import { readClassificationToken, reviewConfirms } from '@writ/classification';
import { type JsonObject, type Result, type TenantContext, limits } from '@writ/domain';
import type { Held } from '@writ/enforcement';
import type { EventRecord, Ledger } from '@writ/ledger';
import { type Clock, openText } from '@writ/platform';
import { type PlanePool, type TenantTransaction, withTenant } from '@writ/postgres';
import { jobClasses } from '../jobs/classes.js';
import { JobFailed, type JobHandler, type JobRun } from '../jobs/runtime.js';
import { newRecordId } from '../record-id.js';
import { verdictIn } from './question.js';

export interface ReviewerParts {
  readonly plane: PlanePool;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** The tenant's configuration; its log holds the tenant's keys. Throws while it is out of reach. */
  readonly held: (tenant: TenantContext) => Promise<Held>;
  /** Asks the model that the tenant chose, by the same path as everyone: recorded, authorized, released. */
  readonly ask: (
    tenant: TenantContext,
    question: { readonly model: string; readonly classes: readonly string[]; readonly text: string },
    signal: AbortSignal,
  ) => Promise<Result<{ readonly answer: string; readonly decision: string }, string>>;
}

interface ReviewRow {
  readonly id: string;
  readonly request_id: string;
  readonly token: string;
  readonly sealed: string;
  readonly asked: Readonly<Record<string, number>>;
  readonly state: string;
}

/** Asks a large model for the verdict of one review, records it, and settles the review with the job. */
export function reviewer(parts: ReviewerParts): JobHandler {
  return async (run) => {
    const row = await rowOf(parts.plane, run);
    if (row === undefined || row.state !== 'pending') return;
    try {
      await review(parts, run, row);
    } catch (cause) {
      const isLast = run.attempt >= jobClasses.review.attempts || (cause instanceof JobFailed && !cause.retry);
      if (isLast) await giveUp(parts, run, row);
      throw cause;
    }
  };
}

async function review(parts: ReviewerParts, run: JobRun, row: ReviewRow): Promise<void> {
  const { clock } = parts;
  const held = await parts.held(run.tenant);
  const model = held.snapshot.review?.model;
  // Then people alone decide it.
  if (model === undefined) return;
  const claims = readClassificationToken(row.token, held.digestKey, clock.nowMs());
  if (!claims.ok || claims.value.id !== row.id)
    throw new JobFailed(`the classification token is ${claims.ok ? 'another review’s' : claims.error}`, false);
  const text = openText(held.log.contentKey, `${run.tenant.tenant}|review|${row.id}`, row.sealed);
  const classes = Object.keys(row.asked).toSorted();
  const asked = await parts.ask(run.tenant, { model, classes, text }, run.signal);
  if (!asked.ok) throw new JobFailed(`the reviewing model was not asked or gave nothing: ${asked.error}`);
  const verdict = verdictIn(asked.value.answer, classes);
  if (!verdict.ok) throw new JobFailed('the reviewing model answered with no verdict');
  const isConfirmed = Object.values(verdict.value).some((score) => score >= reviewConfirms);
  const state = isConfirmed ? 'confirmed' : 'clear';
  await record(parts, held, `review.${state}`, {
    review: row.id,
    request: row.request_id,
    by: 'model',
    model,
    decision: asked.value.decision,
    classes: verdict.value,
  });
  await run.finish((transaction) => settle(transaction, row.id, state, verdict.value));
}

async function giveUp(parts: ReviewerParts, run: JobRun, row: ReviewRow): Promise<void> {
  const held = await parts.held(run.tenant);
  await record(parts, held, 'review.failed', { review: row.id, request: row.request_id, by: 'model' });
  await withTenant(parts.plane, run.tenant, (transaction) => settle(transaction, row.id, 'failed', {}));
}

async function settle(
  { query, tenant }: TenantTransaction,
  id: string,
  state: 'clear' | 'confirmed' | 'failed',
  verdict: Readonly<Record<string, number>>,
): Promise<void> {
  const text = 'SELECT control.settle_review($1, $2, $3, $4, $5, $6)';
  await query(text, [tenant, id, state, JSON.stringify(verdict), 'model', null]);
}

/** The record first: a verdict that stands nowhere in the log binds nobody. */
async function record({ ledger, clock }: ReviewerParts, held: Held, name: string, fields: JsonObject): Promise<void> {
  const event: EventRecord = { kind: 'event', id: newRecordId(clock.nowMs()), name, actor: 'worker', fields };
  const how = { level: 'committed', deadlineMs: limits.outcomeCommitMs } as const;
  const receipt = await ledger.commit(held.log, event, how);
  if (!receipt.ok) throw new JobFailed(`the verdict could not be recorded: ${receipt.error}`);
}

async function rowOf(plane: PlanePool, { tenant, payload }: JobRun): Promise<ReviewRow | undefined> {
  const text =
    'SELECT id, request_id, token, sealed, asked, state FROM control.review WHERE tenant_id = $1 AND id = $2';
  const { review: id } = payload;
  const [row] = await withTenant(plane, tenant, ({ query }) =>
    query<ReviewRow & Record<string, unknown>>(text, [tenant.tenant, id]),
  );
  return row;
}
