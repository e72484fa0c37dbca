import { type Result, err, limits, ok } from '@writ/domain';
import { toBase64Url, toHex } from './bytes.js';
import { type CanonicalMembers, canonicalJson, canonicalOrAbsent } from './canonical-json.js';
import type { LogContext, StoredLeaf } from './ledger.js';
import { hashLeaf } from './merkle.js';
import { type RecordFields, canonicalText } from './clear-fields.js';
import { fieldsOf } from './record-fields.js';
import type { LedgerRecord } from './record.js';
import { type RandomBytes, type Sealed, commitment, seal } from './sealing.js';
import { type Statement, statementOf } from './signed-record.js';
import type { WriterSigner } from './signer.js';

/** What this process says of itself in every decision. */
export interface LedgerSettings {
  /** Gateway version, image digest and configuration digest. */
  readonly build: { readonly version: string; readonly image?: string; readonly config?: string };
  readonly environment: string;
  /** Where the clock gets its time and by how much it may err. */
  readonly clock: { readonly source: string; readonly errorMs: number };
}

/** A record on its way: everything is encoded except its place in its writer's chain and the signature. */
export interface PreparedRecord {
  readonly log: LogContext;
  readonly record: LedgerRecord;
  /** The members in JCS order, cut where those of the chain stand: before each of them, and after the last. */
  readonly pieces: readonly string[];
  readonly sealed: Sealed | undefined;
  /** Whose content is sealed: destroying this subject's keys erases it. Without one its key is not kept at all. */
  readonly subjectRef: string | undefined;
  /** For the queue's limit. */
  readonly bytes: number;
}

/** A writer lane's place in one log. */
export interface ChainPosition {
  /** `<writer>/<lane>` */
  readonly lane: string;
  /** Of the last record; 0 before the first. */
  readonly sequence: number;
  /** Leaf hash of the last record of the batch before, 32 zero bytes in the first batch. */
  readonly previous: Uint8Array;
}

export const schemaVersion = 2;
/** A longer value is committed to and counted, and not sealed: `seal.fields` lacks its name. */
const sealedTextUnits = 1024 * 1024;
/** What the chain members, the header and the proof add to a record's payload, generously. */
const envelopeBytes = 600;

/** Refuses a record above 60 KiB or with what canonical JSON does not admit, and says why: it is never cut. */
export function prepareRecord(
  record: LedgerRecord,
  log: LogContext,
  settings: LedgerSettings,
  nowMs: number,
  random: RandomBytes,
  subjectOfRequest?: string,
): Result<PreparedRecord, string> {
  try {
    const fields = fieldsOf(record, log);
    const { pieces, sealed } = payloadOf(record, fields, log, settings, nowMs, random);
    const payloadBytes = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
    if (Math.ceil(((payloadBytes + envelopeBytes) * 4) / 3) > limits.recordBytes) {
      return err(`the record would take more than ${limits.recordBytes} bytes`);
    }
    const bytes = payloadBytes * 2 + (sealed?.bytes.length ?? 0);
    return ok({ log, record, pieces, sealed, subjectRef: fields.subjectRef ?? subjectOfRequest, bytes });
  } catch (cause) {
    if (cause instanceof TypeError) return err(cause.message);
    throw cause;
  }
}

function payloadOf(
  record: LedgerRecord,
  fields: RecordFields,
  log: LogContext,
  settings: LedgerSettings,
  nowMs: number,
  random: RandomBytes,
) {
  const draw = drawFrom(random);
  const seed = draw(32);
  const commitments: Record<string, string> = {};
  const values: Record<string, string> = {};
  for (const { name, value: text, seal: mayBeSealed } of fields.committed) {
    const value = canonicalText(text);
    commitments[name] = commitment(seed, name, value);
    if (mayBeSealed && value.length <= sealedTextUnits) values[name] = value;
  }
  const hasValues = fields.committed.length > 0;
  const sealed = hasValues ? seal({ seed, values }, log.origin, record.id, log.contentKey, draw) : undefined;
  const isDecision = record.kind === 'decision';
  const envelope: Envelope = {
    _t: canonicalJson(`writ.${record.kind}/${schemaVersion}`),
    build: isDecision ? canonicalJson({ ...settings.build }) : undefined,
    clk: `{"err":${canonicalJson(settings.clock.errorMs)},"src":${canonicalJson(settings.clock.source)}}`,
    env: canonicalJson(settings.environment),
    hold: log.hold === true ? 'true' : 'false',
    k: sealed && canonicalJson(commitments),
    keep: canonicalJson(log.keep),
    log: canonicalJson(log.origin),
    n: canonicalJson(toBase64Url(draw(16))),
    req: record.kind === 'event' ? undefined : canonicalJson(record.request),
    rid: canonicalJson(record.id),
    seal: sealed && `{"fields":${canonicalJson(sealed.fields)},"sha256":${canonicalJson(sealed.sha256)}}`,
    subject_ref: isDecision ? canonicalOrAbsent(fields.subjectRef) : undefined,
    tenant: canonicalJson(log.tenant.tenant),
    ts: canonicalJson(Math.trunc(nowMs)),
  };
  return { pieces: piecesOf(fields.clear, envelope), sealed };
}

/** One call of the generator serves a whole record: seed, record key, two GCM nonces and the leaf's own nonce. */
function drawFrom(random: RandomBytes): RandomBytes {
  const pool = random(32 + 32 + 12 + 12 + 16);
  let at = 0;
  return (length) => {
    if (at + length > pool.length) throw new Error('a record draws more randomness than it was given');
    at += length;
    return pool.subarray(at - length, at);
  };
}

/** A record with its place in its writer's chain, not yet signed. */
export interface PlacedRecord {
  readonly prepared: PreparedRecord;
  readonly lane: string;
  readonly sequence: number;
  readonly statement: Statement;
}

/**
 * Gives a record its place in its writer's chain. Records of one batch count on and name the same leaf, the last of the batch
 * before: the hash of a leaf is known only when its batch is signed, and that signature is what links them.
 */
export function placeRecord(prepared: PreparedRecord, position: ChainPosition, writer: WriterSigner): PlacedRecord {
  const sequence = position.sequence + 1;
  const payload = joinPieces(prepared.pieces, [
    canonicalJson(toHex(position.previous)),
    canonicalJson(position.lane),
    canonicalJson(sequence),
  ]);
  return { prepared, lane: position.lane, sequence, statement: statementOf(writer, payload) };
}

/** `leaf` is the placed record's statement with its proof. */
export function storedLeaf(
  { prepared, lane, sequence }: PlacedRecord,
  leaf: Uint8Array,
  isAwaited: boolean,
): StoredLeaf {
  const { record, log, sealed } = prepared;
  return {
    tenant: log.tenant.tenant,
    record: record.id,
    kind: record.kind,
    keep: log.keep,
    leaf,
    leafHash: hashLeaf(leaf),
    writer: lane,
    writerSequence: sequence,
    ...(record.kind === 'event' ? {} : { request: record.request }),
    ...(record.kind === 'decision' ? { effect: record.decision.effect } : {}),
    ...(isAwaited ? { isAwaited } : {}),
    ...(sealed ? { sealed: sealed.bytes } : {}),
    ...(sealed && prepared.subjectRef !== undefined
      ? { wrappedKey: { subjectRef: prepared.subjectRef, wrapped: sealed.wrappedKey } }
      : {}),
  };
}

/** What every record has, in JCS order. */
const envelopeNames = [
  '_t',
  'build',
  'clk',
  'env',
  'hold',
  'k',
  'keep',
  'log',
  'n',
  'req',
  'rid',
  'seal',
  'subject_ref',
  'tenant',
  'ts',
] as const;
type Envelope = Readonly<Record<(typeof envelopeNames)[number], string | undefined>>;

/** What is known only when a record has its place, in JCS order. */
const chainNames = ['prev', 'w', 'wseq'] as const;

/** Merges two objects whose members are in JCS order, each member with a comma behind it. */
function piecesOf(clear: CanonicalMembers, envelope: Envelope): readonly string[] {
  const pieces: string[] = [];
  let piece = '';
  let last = '';
  const write = (name: string, json: string | undefined): void => {
    if (json === undefined) return;
    if (name <= last) throw new Error(`the member ${name} of a record is not in its order`);
    last = name;
    while (pieces.length < chainNames.length && name > chainNames[pieces.length]!) {
      pieces.push(piece);
      piece = '';
    }
    piece += `"${name}":${json},`;
  };
  let next = 0;
  for (const name of Object.keys(clear)) {
    for (; next < envelopeNames.length && envelopeNames[next]! < name; next += 1)
      write(envelopeNames[next]!, envelope[envelopeNames[next]!]);
    write(name, clear[name]);
  }
  for (; next < envelopeNames.length; next += 1) write(envelopeNames[next]!, envelope[envelopeNames[next]!]);
  while (pieces.length < chainNames.length) {
    pieces.push(piece);
    piece = '';
  }
  return [...pieces, piece];
}

/** The payload: each member of the chain behind the piece that ends where it stands. */
function joinPieces(pieces: PreparedRecord['pieces'], chain: readonly string[]): string {
  let json = '';
  for (const [at, piece] of pieces.entries())
    json += at < chainNames.length ? `${piece}"${chainNames[at]}":${chain[at]},` : piece;
  return `{${json.slice(0, -1)}}`;
}

export const noPrevious: Uint8Array = new Uint8Array(32);
