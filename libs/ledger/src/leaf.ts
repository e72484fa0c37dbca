import { type JsonObject, type Result, err, limits, ok } from '@writ/domain';
import { toBase64Url, toHex } from './bytes.js';
import { canonicalMembers } from './canonical-json.js';
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
  readonly members: readonly (readonly [name: string, json: string])[];
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
    const { members, sealed } = payloadOf(record, fields, log, settings, nowMs, random);
    const payloadBytes = members.reduce((sum, [name, json]) => sum + name.length + Buffer.byteLength(json) + 4, 0);
    if (Math.ceil(((payloadBytes + envelopeBytes) * 4) / 3) > limits.recordBytes) {
      return err(`the record would take more than ${limits.recordBytes} bytes`);
    }
    const bytes = payloadBytes * 2 + (sealed?.bytes.length ?? 0);
    return ok({ log, record, members, sealed, subjectRef: fields.subjectRef ?? subjectOfRequest, bytes });
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
  const commit = (name: string, text: string, mayBeSealed: boolean): void => {
    const value = canonicalText(text);
    commitments[name] = commitment(seed, name, value);
    if (mayBeSealed && value.length <= sealedTextUnits) values[name] = value;
  };
  for (const name of Object.keys(fields.personal)) commit(name, fields.personal[name] ?? '', true);
  for (const [name, { value, seal: mayBeSealed }] of Object.entries(fields.content)) commit(name, value, mayBeSealed);
  const hasValues = Object.keys(commitments).length > 0;
  const sealed = hasValues ? seal({ seed, values }, log.origin, record.id, log.contentKey, draw) : undefined;
  const envelope: JsonObject = {
    ...fields.clear,
    _t: `writ.${record.kind}/${schemaVersion}`,
    log: log.origin,
    tenant: log.tenant.tenant,
    env: settings.environment,
    rid: record.id,
    n: toBase64Url(draw(16)),
    ts: Math.trunc(nowMs),
    clk: { src: settings.clock.source, err: settings.clock.errorMs },
    keep: log.keep,
    hold: log.hold ?? false,
    ...(record.kind === 'event' ? {} : { req: record.request }),
    ...(record.kind === 'decision' ? { build: { ...settings.build } } : {}),
    ...(record.kind === 'decision' && fields.subjectRef !== undefined ? { subject_ref: fields.subjectRef } : {}),
    ...(sealed ? { k: commitments, seal: { sha256: sealed.sha256, fields: sealed.fields } } : {}),
  };
  return { members: canonicalMembers(envelope), sealed };
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
  const payload = joinMembers(prepared.members, {
    w: position.lane,
    wseq: sequence,
    prev: toHex(position.previous),
  });
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

/** Merges the three chain members into members that are already in JCS order. */
function joinMembers(members: PreparedRecord['members'], chain: JsonObject): string {
  const added = canonicalMembers(chain);
  let json = '';
  let next = 0;
  for (const [name, value] of members) {
    for (; next < added.length && added[next]![0] < name; next += 1) json += `"${added[next]![0]}":${added[next]![1]},`;
    json += `${JSON.stringify(name)}:${value},`;
  }
  for (; next < added.length; next += 1) json += `"${added[next]![0]}":${added[next]![1]},`;
  return `{${json.slice(0, -1)}}`;
}

export const noPrevious: Uint8Array = new Uint8Array(32);
