import type { JsonObject, TenantContext } from '@writ/domain';
import { type Clock, openText } from '@writ/platform';
import {
  type PlanePool,
  type TenantTransaction,
  enqueue,
  jobIdOf,
  originOf,
  withExport,
  withTenant,
} from '@writ/postgres';
import { type S3Bucket, s3Bucket } from '@writ/s3';
import { type Dispatcher, request } from 'undici';
import { JobFailed, type JobHandler, type JobRun } from '../jobs/runtime.js';
import type { LogContexts } from '../log-contexts.js';
import { type ClearRecord, ocsfEvent, plainJson } from './ocsf.js';
import { webhookHeaders } from './signature.js';

export interface DeliveryParts {
  readonly plane: PlanePool;
  /** Login `writ_exporter`: it only reads. */
  readonly reading: PlanePool;
  readonly logs: LogContexts;
  /** Resolves and checks every address; follows no redirect. */
  readonly egress: Dispatcher;
  readonly allowHosts: readonly string[];
  readonly clock: Clock;
}

interface Sink {
  readonly id: string;
  readonly kind: 'webhook' | 'siem-webhook' | 'siem-s3';
  readonly url: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly sealed: string;
  readonly previous_sealed: string | null;
  readonly rotated_at: Date | null;
  readonly cursor: string;
  readonly sequence: string;
}

const recordsAtOnce = 256;
const answerMs = 15_000;
/** How long the key before a rotation still signs beside the new one. */
const overlapMs = 24 * 60 * 60 * 1000;
const columns = 'id, kind, url, settings, sealed, previous_sealed, rotated_at, cursor, sequence';

/** What other rooms want told: one delivery for each of the tenant's webhooks, each with the sink's next number. */
export function notifyJob({ plane }: DeliveryParts): JobHandler {
  return async ({ tenant, id, payload, finish }) => {
    const sinks = await sinksOf(plane, tenant, `kind = 'webhook'`);
    await finish(async (transaction) => {
      for (const sink of sinks) {
        // oxlint-disable-next-line no-await-in-loop -- one transaction, one statement after the other
        const sequence = await nextNumber(transaction, sink.id);
        const job = { id: jobIdOf(tenant.tenant, 'deliver', `${id}/${sink.id}`), queue: 'deliver' };
        // oxlint-disable-next-line no-await-in-loop -- as above
        await enqueue(transaction.query, tenant.tenant, {
          ...job,
          payload: { kind: 'notice', sink: sink.id, sequence, body: payload },
        });
      }
    });
  };
}

/** One delivery: a notice, a test, or the next events of the log. */
export function deliverJob(parts: DeliveryParts): JobHandler {
  return async (run) => {
    const { sink: id } = run.payload;
    const [sink] = typeof id === 'string' ? await sinksOf(parts.plane, run.tenant, 'id = $2', id) : [];
    if (sink === undefined) return;
    try {
      if (run.payload['kind'] === 'events') await deliverEvents(parts, run, sink);
      else await deliverNotice(parts, run, sink);
    } catch (cause) {
      const failure = cause instanceof JobFailed ? cause.message : 'the delivery failed';
      await note(parts.plane, run.tenant, sink.id, failure);
      throw cause;
    }
  };
}

async function deliverNotice(parts: DeliveryParts, run: JobRun, sink: Sink): Promise<void> {
  const { sequence = null, body = {}, kind } = run.payload;
  const at = new Date(parts.clock.nowMs()).toISOString();
  const message = kind === 'test' ? { type: 'test', at } : { type: 'notice', sequence, at, data: body };
  if (sink.kind === 'siem-s3') await putObject(parts, run.tenant, sink, `test-${run.id}.json`, JSON.stringify(message));
  else await post(parts, run, sink, run.id, JSON.stringify(message));
  await run.finish(({ query }) => delivered(query, sink.id));
}

/**
 * The next events behind the sink's cursor, numbered by their index in the tree, at least once: the cursor moves only after
 * the receiver has taken them, and only from where this run found it.
 */
async function deliverEvents(parts: DeliveryParts, run: JobRun, sink: Sink): Promise<void> {
  const from = Number(sink.cursor);
  const batch = await readRecords(parts.reading, run.tenant, from);
  if (batch === undefined || batch.to === from) return run.finish();
  const { to, origin, records, size } = batch;
  const events = records.map((record) => ocsfEvent(record, run.tenant.tenant, origin));
  const sequence = Number(sink.sequence) + 1;
  const about = { type: 'events', sink: sink.id, sequence, log: origin, from, to };
  // The range is the delivery's id: a repetition is known by it, whichever job repeats it.
  const id = `${sink.id}.${from}-${to}`;
  if (sink.kind === 'siem-s3') {
    const lines = [about, ...events].map((line) => `${plainJson(line)}\n`).join('');
    await putObject(parts, run.tenant, sink, `${padded(from)}-${padded(to)}.ndjson`, lines);
  } else await post(parts, run, sink, id, plainJson({ ...about, events }));
  await run.finish(async (transaction) => {
    const moved = await transaction.query(
      `UPDATE control.sink SET cursor = $2, sequence = $3, delivered_at = clock_timestamp(), failure = NULL WHERE id = $1 AND cursor = $4 RETURNING id`,
      [sink.id, to, sequence, from],
    );
    if (moved.length === 0) return;
    if (to < size) await enqueue(transaction.query, run.tenant.tenant, nextEvents(run.tenant, sink.id, to));
  });
}

/** The one job that delivers what begins at this index. */
export function nextEvents(tenant: TenantContext, sink: string, from: number) {
  const id = jobIdOf(tenant.tenant, 'deliver', `events/${sink}/${from}`);
  return { id, queue: 'deliver', payload: { kind: 'events', sink } };
}

interface Batch {
  readonly to: number;
  readonly size: number;
  readonly origin: string;
  readonly records: readonly ClearRecord[];
}

function readRecords(reading: PlanePool, tenant: TenantContext, from: number): Promise<Batch | undefined> {
  return withExport(reading, tenant, async (reader) => {
    const head = await reader.head();
    if (head === undefined) return undefined;
    const to = Math.min(head.size, from + recordsAtOnce);
    const records: ClearRecord[] = [];
    let index = from;
    for await (const { leaf, leafHash } of reader.rows(from, to)) {
      const hash = Buffer.from(leafHash).toString('hex');
      records.push({ index, leafHash: hash, fields: leaf === undefined ? { kind: 'pruned' } : clearOf(leaf) });
      index += 1;
    }
    return { to: index, size: head.size, origin: head.origin, records };
  });
}

/** The payload of a leaf. One that nobody can read stays in the tree, and must not stop what follows it. */
function clearOf(leaf: Uint8Array): JsonObject {
  const payload = Buffer.from(leaf).toString('latin1').split('.')[1] ?? '';
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as JsonObject;
  } catch {
    return { kind: 'unreadable' };
  }
}

async function post(parts: DeliveryParts, run: JobRun, sink: Sink, id: string, body: string): Promise<void> {
  const keys = await keysOf(parts, run.tenant, sink);
  const headers = webhookHeaders(id, parts.clock.nowMs(), body, keys);
  const signal = AbortSignal.any([run.signal, AbortSignal.timeout(answerMs)]);
  const how = { method: 'POST', headers, body, dispatcher: parts.egress, signal } as const;
  const answer = await request(sink.url, how).catch((cause: unknown) => {
    throw new JobFailed(`the receiver was not reached (${codeOf(cause)})`);
  });
  await answer.body.dump();
  if (answer.statusCode >= 200 && answer.statusCode < 300) return;
  throw new JobFailed(`the receiver answered ${answer.statusCode}`);
}

async function putObject(
  parts: DeliveryParts,
  tenant: TenantContext,
  sink: Sink,
  name: string,
  text: string,
): Promise<void> {
  const bucket = await bucketOf(parts, tenant, sink);
  const prefix = sink.settings['prefix'] ?? '';
  const put = await bucket.put(`${prefix}${name}`, Buffer.from(text), { onlyIfAbsent: true });
  await bucket.close();
  // The name says the range: what is there already is what a run before this one wrote.
  if (!put.ok && put.error.kind !== 'exists') throw new JobFailed(`the bucket did not take it: ${put.error.kind}`);
}

async function bucketOf(parts: DeliveryParts, tenant: TenantContext, sink: Sink): Promise<S3Bucket> {
  const [secret] = await secretsOf(parts, tenant, sink);
  const { region = 'us-east-1', bucket = '', accessKeyId = '' } = sink.settings;
  const opened = s3Bucket({
    endpoint: sink.url,
    region,
    bucket,
    accessKeyId,
    secretAccessKey: secret ?? '',
    allowHosts: parts.allowHosts,
  });
  if (!opened.ok) throw new JobFailed(`the bucket cannot be opened: ${opened.error}`, false);
  return opened.value;
}

async function keysOf(parts: DeliveryParts, tenant: TenantContext, sink: Sink): Promise<readonly Uint8Array[]> {
  const secrets = await secretsOf(parts, tenant, sink);
  return secrets.map((secret) => Buffer.from(secret.replace(/^whsec_/, ''), 'base64'));
}

/** The secret, and the one before it while a rotation is a day old at most. */
async function secretsOf(
  { logs, reading, clock }: DeliveryParts,
  { tenant }: TenantContext,
  sink: Sink,
): Promise<readonly string[]> {
  const { contentKey } = await logs({ tenant, origin: await originOfLog(reading, tenant) });
  const isOverlapping = sink.rotated_at !== null && clock.nowMs() - sink.rotated_at.getTime() < overlapMs;
  const sealed = isOverlapping && sink.previous_sealed !== null ? [sink.sealed, sink.previous_sealed] : [sink.sealed];
  return sealed.map((each) => openText(contentKey, `${tenant}|sink|${sink.id}`, each));
}

async function originOfLog(reading: PlanePool, tenant: TenantContext['tenant']): Promise<string> {
  const origin = await originOf(reading, tenant);
  if (origin === undefined) throw new JobFailed('the tenant has no log');
  return origin;
}

function sinksOf(
  plane: PlanePool,
  tenant: TenantContext,
  where: string,
  ...more: readonly string[]
): Promise<readonly Sink[]> {
  return withTenant(plane, tenant, ({ query }) =>
    query<Sink & Record<string, unknown>>(
      `SELECT ${columns} FROM control.sink WHERE tenant_id = $1 AND removed_at IS NULL AND ${where}`,
      [tenant.tenant, ...more],
    ),
  );
}

async function nextNumber({ query }: TenantTransaction, sink: string): Promise<number> {
  const text = 'UPDATE control.sink SET sequence = sequence + 1 WHERE id = $1 RETURNING sequence';
  const [row] = await query<{ sequence: string }>(text, [sink]);
  return Number(row?.sequence ?? 0);
}

async function delivered(query: TenantTransaction['query'], sink: string): Promise<void> {
  await query('UPDATE control.sink SET delivered_at = clock_timestamp(), failure = NULL WHERE id = $1', [sink]);
}

async function note(plane: PlanePool, tenant: TenantContext, sink: string, failure: string): Promise<void> {
  await withTenant(plane, tenant, ({ query }) =>
    query('UPDATE control.sink SET failure = $2 WHERE id = $1', [sink, failure]),
  );
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no answer';
}

const padded = (index: number): string => String(index).padStart(12, '0');
