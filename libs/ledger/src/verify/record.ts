import type { JsonObject } from '@writ/domain';
import { toBase64 } from '../bytes.js';
import { verifyEd25519 } from '../note.js';
import { type SignedRecord, parseRecord } from '../signed-record.js';
import { type Finding, exitCodes } from './findings.js';
import { isCount, isObject, isText, parseCanonicalObject } from './strict-json.js';
import type { Trust, Writer } from './trust.js';

export type RecordKind = 'decision' | 'dispatch' | 'segment' | 'outcome' | 'event';

/** A record whose signature holds, with the envelope that every kind has. */
export interface VerifiedRecord {
  readonly index: number;
  readonly leafHash: string;
  readonly kind: RecordKind;
  readonly rid: string;
  readonly lane: string;
  readonly writer: string;
  readonly sequence: number;
  readonly previous: string;
  /** The same text for all records that share a signature; absent in version 1, where none do. */
  readonly batch?: string;
  readonly ts: number;
  readonly payload: JsonObject;
}

export interface Place {
  readonly origin: string;
  readonly tenant: string;
  readonly trust: Trust;
  readonly checkSignatures: boolean;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const kinds: readonly string[] = ['decision', 'dispatch', 'segment', 'outcome', 'event'];
/** How far a writer's clock may stand from the authority's. */
export const clockToleranceMs = 5 * 60 * 1000;

/** A leaf of our form by a writer who is enrolled; whether the signature holds is still to be seen. */
export interface OpenedLeaf {
  readonly signed: SignedRecord;
  readonly writer: Writer;
}

/** The first half of checking one leaf by itself: its form and its writer. */
export function openLeaf(leaf: Uint8Array, index: number, { trust }: Place): OpenedLeaf | Finding {
  const signed = parseRecord(leaf);
  if (!signed) return { code: exitCodes.signature, index, what: 'the leaf is not a signed record' };
  const writer = trust.writers.get(signed.keyId);
  return writer
    ? { signed, writer }
    : { code: exitCodes.signature, index, what: `no enrolled writer has the key ${signed.keyId}` };
}

/** The second half: the signature's verdict, the envelope, the place. The first thing that is wrong is the finding. */
export function readRecord(
  { signed, writer }: OpenedLeaf,
  holds: boolean,
  index: number,
  leafHash: string,
  place: Place,
): VerifiedRecord | Finding {
  if (!holds) return { code: exitCodes.signature, index, what: `the signature is not one of the writer ${writer.id}` };
  const payload = parseCanonicalObject(signed.payload);
  const record = payload && envelopeOf(payload, signed, index, leafHash);
  if (!record) return { code: exitCodes.format, index, what: 'the record is not canonical JSON with a whole envelope' };
  return placeFault(record, writer, place) ?? record;
}

/** Checks one leaf by itself: its signature, its form, its place. */
export function verifyRecord(
  leaf: Uint8Array,
  index: number,
  leafHash: string,
  place: Place,
): VerifiedRecord | Finding {
  const opened = openLeaf(leaf, index, place);
  if (isFinding(opened)) return opened;
  const { signed, writer } = opened;
  const holds = !place.checkSignatures || verifyEd25519(writer.publicKey, signed.signedBytes(), signed.signature);
  return readRecord(opened, holds, index, leafHash, place);
}

export function isFinding(value: VerifiedRecord | OpenedLeaf | Finding): value is Finding {
  return 'code' in value;
}

function envelopeOf(
  payload: JsonObject,
  { version, signature }: SignedRecord,
  index: number,
  leafHash: string,
): VerifiedRecord | undefined {
  const { _t, rid, w, wseq, prev, ts, n } = payload;
  const [, kind, schema] = (isText(_t) && /^writ\.([a-z]+)\/([12])$/.exec(_t)) || [];
  if (schema !== String(version)) return undefined;
  const writer = isText(w) ? /^([a-z0-9][a-z0-9.-]{0,62})\/[1-9][0-9]{0,14}$/.exec(w)?.[1] : undefined;
  if (kind === undefined || !kinds.includes(kind) || writer === undefined) return undefined;
  if (!isText(rid) || !uuid.test(rid) || !isCount(wseq) || wseq < 1 || !isCount(ts)) return undefined;
  if (!isText(prev) || !/^[0-9a-f]{64}$/.test(prev) || !isText(n) || n.length !== 22) return undefined;
  if (kind !== 'event' && !isText(payload['req'])) return undefined;
  if (payload['k'] !== undefined && !(isObject(payload['k']) && isObject(payload['seal']))) return undefined;
  return {
    index,
    leafHash,
    kind: kind as RecordKind,
    rid,
    lane: w as string,
    writer,
    sequence: wseq,
    previous: prev,
    ...(version === 2 ? { batch: toBase64(signature) } : {}),
    ts,
    payload,
  };
}

function placeFault(record: VerifiedRecord, writer: Writer, place: Place): Finding | undefined {
  const { index, rid, payload } = record;
  const at = { index, record: rid };
  if (payload['log'] !== place.origin) {
    return { code: exitCodes.root, ...at, what: 'the record belongs to another log' };
  }
  if (payload['tenant'] !== place.tenant) {
    return { code: exitCodes.root, ...at, what: 'the record belongs to another tenant' };
  }
  if (record.writer !== writer.id) {
    return {
      code: exitCodes.signature,
      ...at,
      what: `the record says writer ${record.writer}, its key is ${writer.id}'s`,
    };
  }
  if (record.ts < writer.from - clockToleranceMs || record.ts > writer.until + clockToleranceMs) {
    return { code: exitCodes.signature, ...at, what: `the key of ${writer.id} was not enrolled at that time` };
  }
  return undefined;
}
