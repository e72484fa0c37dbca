import type { Client } from 'pg';

/** What one caller got, byte by byte, whatever happened to the connection. */
export interface Got {
  readonly status: number;
  readonly decision: string;
  readonly isStream: boolean;
  /** True when the body ended in good order. */
  readonly isWhole: boolean;
  readonly bytes: number;
}

/** What a provider got. */
export interface Arrival {
  readonly arrivedAt: number;
  readonly headers: Readonly<Record<string, string>>;
}

interface Row {
  readonly record: string;
  readonly request: string;
  readonly kind: string;
  readonly at_ms: string;
  readonly leaf: Buffer;
}

interface Clear {
  readonly effect: string | undefined;
  readonly result: string | undefined;
  readonly to: number | undefined;
}

interface OneRequest {
  readonly decision: Pick<Row, 'record' | 'at_ms'>;
  readonly clear: Clear;
  readonly outcomes: Clear[];
  covered: number;
}

/**
 * Joins the three ledgers: bytes that callers got, requests that providers got, records. Returns every violation of: no byte
 * without a record that covers it; no upstream request without a permit that was there before; no answered request without
 * its outcome; no decision closed twice; none left open for longer than a minute.
 */
export async function violations(
  admin: Client,
  schema: string,
  got: readonly Got[],
  arrivals: readonly Arrival[],
  openAfterMs: number,
): Promise<readonly string[]> {
  const requests = await requestsIn(admin, schema);
  const byDecision = new Map(Array.from(requests.values(), (each) => [each.decision.record, each]));
  const found: string[] = [];
  for (const { headers, arrivedAt } of arrivals) {
    const id = headers['x-writ-decision'];
    const known = id === undefined ? undefined : byDecision.get(id);
    if (known?.clear.effect !== 'permit') found.push(`a provider got a request without a permit (${String(id)})`);
    else if (Number(known.decision.at_ms) > arrivedAt + 1) found.push(`a provider got ${String(id)} before its permit`);
  }
  for (const each of got.filter(({ status }) => status === 200)) {
    const known = byDecision.get(each.decision);
    const results = known?.outcomes.map(({ result }) => result) ?? [];
    if (each.isWhole && !results.includes('completed')) found.push(`${each.decision} was answered, and has no outcome`);
    const isCovered = results.includes('completed') || each.bytes <= (known?.covered ?? 0);
    if (!isCovered)
      found.push(`${each.decision} got ${each.bytes} bytes, of which ${known?.covered ?? 0} are recorded`);
  }
  for (const { decision, clear, outcomes } of requests.values()) {
    const real = outcomes.filter(({ result }) => result !== 'indeterminate');
    if (real.length > 1 || outcomes.length > 2) found.push(`${decision.record} was closed ${outcomes.length} times`);
    const isOld = Date.now() - Number(decision.at_ms) > openAfterMs;
    if (clear.effect === 'permit' && outcomes.length === 0 && isOld) found.push(`${decision.record} is open`);
  }
  return found;
}

/** Page by page, and only what the rules need of each: a run of an hour leaves a million records. */
async function requestsIn(admin: Client, schema: string): Promise<ReadonlyMap<string, OneRequest>> {
  const requests = new Map<string, OneRequest>();
  const followers: { readonly request: string; readonly kind: string; readonly clear: Clear }[] = [];
  for await (const row of rowsIn(admin, schema)) {
    const { effect, result, to } = clearOf(row.leaf);
    const clear = { effect, result, to };
    const { record, at_ms, request, kind } = row;
    if (kind === 'decision') requests.set(request, { decision: { record, at_ms }, clear, outcomes: [], covered: 0 });
    else followers.push({ request, kind, clear });
  }
  for (const { request, kind, clear } of followers) {
    const known = requests.get(request);
    if (kind === 'outcome') known?.outcomes.push(clear);
    if (kind === 'segment' && known) known.covered = Math.max(known.covered, clear.to ?? 0);
  }
  return requests;
}

async function* rowsIn(admin: Client, schema: string): AsyncGenerator<Row> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
    const { rows } = await admin.query<Row>(
      `SELECT record_id::text AS record, request_id::text AS request, kind, floor(extract(epoch FROM committed_at) * 1000)::bigint AS at_ms, leaf
       FROM ${schema}.record WHERE request_id IS NOT NULL AND record_id > $1 ORDER BY record_id LIMIT 5000`,
      [after],
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.record;
  }
}

function clearOf(leaf: Buffer): Clear {
  return JSON.parse(Buffer.from(leaf.toString('latin1').split('.')[1] ?? '', 'base64url').toString('utf8')) as Clear;
}
