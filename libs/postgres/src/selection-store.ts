import type { TenantTransaction } from './with-tenant.js';

/** What a filtered export takes out of a log. Every condition must hold; a selection without one is none. */
export interface ExportSelection {
  /** Handle of the subject in the records. */
  readonly subjectRef?: string;
  /** Requests of which at least one attempt went there. */
  readonly endpoint?: string;
  /** Requests that came in on this route, as the decision names it. */
  readonly route?: string;
  /** Requests whose prompt, review or answer was found to hold this class. */
  readonly class?: string;
  /** These records alone, and not the rest of their requests. */
  readonly records?: readonly string[];
}

/** A record with its place in the tree. */
export interface SelectedRecord {
  readonly record: string;
  readonly index: number;
  readonly writer: string;
  readonly leaf: Uint8Array;
  readonly sealed: Uint8Array | undefined;
  /** Absent once the key was destroyed. */
  readonly wrappedKey: Uint8Array | undefined;
}

/** More than `limit` records match. */
export class SelectionTooLarge extends Error {
  constructor(readonly limit: number) {
    super(`more than ${limit} records match; ask for a shorter time, or for one more condition`);
  }
}

const pageRows = 512;

interface DecisionRow {
  readonly record: string;
  readonly request: string;
  readonly leaf: Buffer;
}

interface PlacedRow {
  readonly record: string;
  readonly request: string | null;
  readonly writer: string;
  readonly leaf: Buffer;
  readonly sealed: Buffer | null;
  readonly wrapped: Buffer | null;
  readonly index: string | null;
}

/**
 * The records that match, in the order of the tree: those of every request whose decision was committed in the period, and that
 * are below `size`. Throws `SelectionTooLarge` rather than leave one out.
 */
export async function selectRecords(
  transaction: TenantTransaction,
  selection: ExportSelection,
  period: { readonly fromMs: number; readonly toMs: number },
  size: number,
  limit: number,
): Promise<readonly SelectedRecord[]> {
  const { records } = selection;
  const found: PlacedRow[] = [];
  const keep = (rows: readonly PlacedRow[]): void => {
    found.push(...rows.filter(({ index }) => index !== null && Number(index) < size));
    if (found.length > limit) throw new SelectionTooLarge(limit);
  };
  if (records === undefined) {
    for await (const requests of requestsOf(transaction, selection, period))
      keep(ofRequests(await placed(transaction, 'r.request_id = ANY ($1)', requests), selection));
  } else keep(await placed(transaction, 'r.record_id = ANY ($1)', records));
  return found
    .map(({ record, index, writer, leaf, sealed, wrapped }) => ({
      record,
      index: Number(index),
      writer: writer.split('/', 1)[0] ?? '',
      leaf,
      sealed: sealed ?? undefined,
      wrappedKey: wrapped ?? undefined,
    }))
    .toSorted((one, other) => one.index - other.index);
}

/** Requests of decisions that match, page by page. A record's id carries its time. */
async function* requestsOf(
  { schema, query }: TenantTransaction,
  selection: ExportSelection,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): AsyncGenerator<readonly string[]> {
  let after = firstIdAt(fromMs - idToleranceMs);
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each page begins where the one before ended
    const rows = await query<DecisionRow>(
      `SELECT record_id::text AS record, request_id::text AS request, leaf FROM ${schema}.record
        WHERE kind = 'decision' AND record_id > $1 AND record_id < $2 AND committed_at >= $3 AND committed_at < $4
        ORDER BY record_id LIMIT $5`,
      [after, firstIdAt(toMs + idToleranceMs), new Date(fromMs), new Date(toMs), pageRows],
    );
    const matching = rows.filter(({ leaf }) => isOfDecision(clearOf(leaf), selection));
    if (matching.length > 0) yield matching.map(({ request }) => request);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.record;
  }
}

/** How far the time in a record's id may stand from its commit. */
export const idToleranceMs: number = 10 * 60 * 1000;

/** The least UUIDv7 of a millisecond. */
export function firstIdAt(ms: number): string {
  const hex = Math.max(0, Math.trunc(ms)).toString(16).padStart(12, '0').slice(-12);
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** What a decision alone can tell. */
function isOfDecision(clear: Clear, { subjectRef, route }: ExportSelection): boolean {
  return (
    (subjectRef === undefined || clear['subject_ref'] === subjectRef) &&
    (route === undefined || clear['route'] === route)
  );
}

/** What any record of a request may tell; all of its records are kept then. */
function ofRequests(rows: readonly PlacedRow[], selection: ExportSelection): readonly PlacedRow[] {
  const { endpoint, class: name } = selection;
  const kept = [
    ...(endpoint === undefined ? [] : [requestsWith(rows, (clear) => wentTo(clear, endpoint))]),
    ...(name === undefined ? [] : [requestsWith(rows, (clear) => holdsClass(clear, name))]),
  ];
  return rows.filter(({ request }) => kept.every((requests) => requests.has(request)));
}

function requestsWith(rows: readonly PlacedRow[], holds: (clear: Clear) => boolean): ReadonlySet<string | null> {
  return new Set(rows.filter(({ leaf }) => holds(clearOf(leaf))).map(({ request }) => request));
}

/** A decision tells what the prompt held and what a review found, an outcome what the answer held. */
function holdsClass(clear: Clear, name: string): boolean {
  const told = [clear['classification'], clear['reviewed'], memberOf(clear['response'], 'classification')];
  return told.some((each) => {
    const score = memberOf(memberOf(each, 'classes'), name);
    return typeof score === 'number' && score > 0;
  });
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

/** A dispatch names its endpoint; an outcome those of all attempts. A decision names what was allowed, which is not where it went. */
function wentTo(clear: Clear, endpoint: string): boolean {
  const { _t: type, attempts } = clear;
  const kind = typeof type === 'string' ? type.split('/', 1)[0] : undefined;
  if (kind === 'writ.dispatch') return clear['endpoint'] === endpoint;
  return (
    kind === 'writ.outcome' && Array.isArray(attempts) && attempts.some((each: Clear) => each['endpoint'] === endpoint)
  );
}

async function placed(
  { schema, query }: TenantTransaction,
  condition: string,
  ids: readonly string[],
): Promise<readonly PlacedRow[]> {
  return query<PlacedRow>(
    `SELECT r.record_id::text AS record, r.request_id::text AS request, r.writer, r.leaf, r.sealed, k.wrapped,
       (SELECT b.first_idx + array_position(b.record_ids, r.record_id) - 1 FROM ${schema}.batch b
         WHERE b.seq_ts BETWEEN r.committed_at - interval '1 minute' AND r.committed_at + interval '1 hour'
           AND r.record_id = ANY (b.record_ids) ORDER BY b.seq_ts LIMIT 1) AS index
     FROM ${schema}.record r LEFT JOIN ${schema}.record_key k ON k.record_id = r.record_id WHERE ${condition}`,
    [ids],
  );
}

type Clear = Readonly<Record<string, unknown>>;

function clearOf(leaf: Buffer): Clear {
  return JSON.parse(Buffer.from(leaf.toString('latin1').split('.')[1] ?? '', 'base64url').toString('utf8')) as Clear;
}
