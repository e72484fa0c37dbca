import type { JsonObject } from '@writ/domain';
import { concat, sha256, toHex, utf8 } from '../bytes.js';
import { canonicalJson } from '../canonical-json.js';
import { parseRecord } from '../signed-record.js';
import { signStatement } from '../keyset.js';
import { CompactRange, coverRange } from '../merkle.js';
import type { StatementSigner } from '../signer.js';
import { isText, parseCanonicalObject } from '../verify/strict-json.js';
import { joinEntries, joinSealed, sealedTileBytes, tilePath, tileWidth } from '../tiles.js';
import { bundleReadme } from './readme.js';
import { clauseTable } from './regimes.js';
import { tarEnd, tarEntry } from './tar.js';

/** One index of the log as the exporter reads it. `leaf` absent: pruned or withheld, and a gap says why. */
export interface StoredRow {
  readonly leafHash: Uint8Array;
  readonly leaf?: Uint8Array;
  /** Ciphertext, when the requester may hold it. */
  readonly sealed?: Uint8Array;
  /** Values disclosed with their salts, after the exporter unsealed them. */
  readonly open?: Readonly<Record<string, { readonly value: string; readonly salt: string }>>;
}

/** A range of indices without payload. `record` is the index of the record that says so, where there is one. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly reason: 'pruned' | 'withheld';
  readonly record?: number;
}

/** What an export holds, apart from the rows. Everything is read in one snapshot of the database. */
export interface BundlePlan {
  readonly id: string;
  readonly tenant: string;
  readonly origin: string;
  readonly createdAt: number;
  readonly purpose: string;
  readonly requester: string;
  /** First index, a multiple of 256: a range widens to the tile before it. */
  readonly from: number;
  readonly to: number;
  /** Size of the tree that the checkpoint signs. */
  readonly size: number;
  readonly checkpoint: string;
  /** Compact range of the first `from` leaves. */
  readonly left: readonly Uint8Array[];
  /** Hashes of the aligned subtrees that cover [to, size), left to right. */
  readonly right: readonly Uint8Array[];
  readonly keyset: Uint8Array;
  readonly enrolments: Readonly<Record<string, Uint8Array>>;
  readonly gaps: readonly Gap[];
  /** The time range that was asked for, ms. */
  readonly period?: { readonly from: number; readonly to: number };
  /** What a filtered export was filtered by: no personal data, for it stands in the manifest. */
  readonly selection?: JsonObject;
  /** C2SP tlog-policy of the deployment. */
  readonly policy?: Uint8Array | undefined;
  /** Further files: epochs, selected records; name to content. */
  readonly attachments?: Readonly<Record<string, Uint8Array>>;
}

interface ListedFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * Writes the bundle as a tar, piece by piece, in constant memory: 256 rows at a time. The same rows give the same bytes.
 * Throws when the rows do not lead to the checkpoint: a bundle that cannot verify is never finished.
 */
export async function* writeBundle(
  plan: BundlePlan,
  rows: AsyncIterable<StoredRow>,
  exporter: StatementSigner,
): AsyncGenerator<Uint8Array> {
  const files: ListedFile[] = [];
  const list = (name: string, content: Uint8Array): Uint8Array => {
    files.push({ name, sha256: toHex(sha256(content)), bytes: content.length });
    return tarEntry(name, content);
  };
  for (const [name, content] of openingFiles(plan)) yield list(name, content);
  const counts: Counts = { kinds: {}, events: {} };
  for (const [name, content] of Object.entries(plan.attachments ?? {}))
    if (name.startsWith('records/')) count(content, counts);
  const range = CompactRange.from(plan.from, plan.left);
  if (!range || plan.from % tileWidth !== 0) throw new Error('the export does not begin at a tile of the tree');
  for await (const { first, tile } of tilesOf(rows, plan.from)) {
    for (const { leafHash } of tile) range.append(leafHash);
    for (const { leaf } of tile) count(leaf, counts);
    for (const [name, content] of tileFiles(first, tile)) yield list(name, content);
  }
  expectRoot(plan, range);
  for (const [name, content] of byName(plan.attachments ?? {})) yield list(name, content);
  const manifest = manifestOf(plan, counts, files);
  yield tarEntry('manifest.json', utf8(canonicalJson(manifest)));
  yield tarEntry('manifest.jws', signStatement('writ-manifest+jws', manifest, exporter));
  yield tarEnd;
}

function openingFiles(plan: BundlePlan): readonly (readonly [string, Uint8Array])[] {
  const { from, to, size, left, right } = plan;
  const range = { from, to, size, left: left.map(toHex), right: right.map(toHex) };
  return [
    ['README.txt', utf8(bundleReadme)],
    ['trust/keyset.jws', plan.keyset],
    ...(plan.policy ? [['trust/policy', plan.policy] as const] : []),
    ...byName(plan.enrolments).map(([writer, statement]) => [`writers/${writer}.jws`, statement] as const),
    ['log/checkpoint', utf8(plan.checkpoint)],
    ['log/range.json', utf8(canonicalJson(range))],
    ['gaps.json', utf8(canonicalJson(plan.gaps.map((gap) => ({ ...gap }))))],
  ];
}

function byName(files: Readonly<Record<string, Uint8Array>>): readonly (readonly [string, Uint8Array])[] {
  return Object.entries(files).toSorted(([one], [other]) => (one < other ? -1 : 1));
}

async function* tilesOf(
  rows: AsyncIterable<StoredRow>,
  from: number,
): AsyncGenerator<{ readonly first: number; readonly tile: readonly StoredRow[] }> {
  let tile: StoredRow[] = [];
  let first = from;
  for await (const row of rows) {
    tile.push(row);
    if (tile.length < tileWidth) continue;
    yield { first, tile };
    first += tileWidth;
    tile = [];
  }
  if (tile.length > 0) yield { first, tile };
}

function tileFiles(first: number, tile: readonly StoredRow[]): readonly (readonly [string, Uint8Array])[] {
  const path = tilePath(first / tileWidth, tile.length);
  const files = [
    [`log/tile/0/${path}`, concat(tile.map(({ leafHash }) => leafHash))] as const,
    [`log/tile/entries/${path}`, joinEntries(tile.map(({ leaf }) => leaf ?? new Uint8Array()))] as const,
  ];
  return [...files, ...sealedFiles(first, path, tile), ...openFiles(first, tile)];
}

/** One file for a tile keeps the manifest short; what would be too large for memory is written record by record. */
function sealedFiles(first: number, path: string, tile: readonly StoredRow[]): (readonly [string, Uint8Array])[] {
  const bytes = tile.reduce((sum, { sealed }) => sum + (sealed?.length ?? 0), 0);
  if (bytes === 0) return [];
  if (bytes <= sealedTileBytes) return [[`log/tile/sealed/${path}`, joinSealed(tile.map(({ sealed }) => sealed))]];
  return tile.flatMap(({ sealed }, at) => (sealed ? [[`sealed/${first + at}.bin`, sealed] as const] : []));
}

function openFiles(first: number, tile: readonly StoredRow[]): (readonly [string, Uint8Array])[] {
  return tile.flatMap(({ open }, at) =>
    open ? [[`open/${first + at}.json`, utf8(canonicalJson({ ...open }))] as const] : [],
  );
}

/** Records by kind, and events by name: holds, prunes, erasures and exports among them. */
interface Counts {
  readonly kinds: Record<string, number>;
  readonly events: Record<string, number>;
}

function count(leaf: Uint8Array | undefined, { kinds, events }: Counts): void {
  const payload = leaf && parseRecord(leaf)?.payload;
  const text = payload ? Buffer.from(payload).toString('latin1') : '';
  const kind = leaf ? (/"_t":"writ\.([a-z]+)\//.exec(text)?.[1] ?? 'unreadable') : 'absent';
  kinds[kind] = (kinds[kind] ?? 0) + 1;
  const name = payload && kind === 'event' ? parseCanonicalObject(payload)?.['name'] : undefined;
  if (isText(name)) events[name] = (events[name] ?? 0) + 1;
}

function expectRoot(plan: BundlePlan, range: CompactRange): void {
  if (range.size !== plan.to) throw new Error(`the export read to index ${range.size}, and not to ${plan.to}`);
  const pieces = coverRange(plan.to, plan.size);
  if (pieces.length !== plan.right.length) throw new Error('the export lacks subtrees after its range');
  pieces.forEach(({ size }, at) => range.appendSubtree(size, plan.right[at] as Uint8Array));
  const root = plan.checkpoint.split('\n')[2];
  if (Buffer.from(range.root()).toString('base64') !== root) {
    throw new Error('the stored rows do not lead to the signed checkpoint; the log must be examined before any export');
  }
}

function manifestOf(plan: BundlePlan, counts: Counts, files: readonly ListedFile[]): JsonObject {
  const { id, tenant, origin, purpose, requester, from, to, size, createdAt, period, selection } = plan;
  return {
    _t: 'writ.bundle/1',
    bundle: id,
    tenant,
    origin,
    created: createdAt,
    purpose,
    requester,
    from,
    to,
    size,
    counts: counts.kinds,
    events: counts.events,
    ...(period === undefined ? {} : { period: { ...period } }),
    ...(selection === undefined ? {} : { selection }),
    clauses: clauseTable(),
    files: files.map((file) => ({ ...file })),
  };
}
