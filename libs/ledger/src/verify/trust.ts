import type { JsonObject, JsonValue } from '@writ/domain';
import { fromBase64, sha256, toHex } from '../bytes.js';
import { type StatementType, parseJws, verifyJws } from '../jws.js';
import type { Archive } from './archive.js';
import { Unreadable, exitCodes } from './findings.js';
import { isCount, isObject, isText, parseCanonicalObject } from './strict-json.js';

export interface TrustedKey {
  readonly use: string;
  readonly kid: string;
  readonly publicKey: Uint8Array;
  readonly from: number;
  readonly until: number;
  readonly name: string;
  /** Largest tree that the key may have signed, per origin, once it is revoked. */
  readonly revoked: { readonly at: number; readonly lastSize: JsonObject } | undefined;
}

export interface Writer {
  readonly id: string;
  readonly publicKey: Uint8Array;
  readonly from: number;
  readonly until: number;
}

/** What the keyset says, believed as far as the root key reaches. */
export interface Trust {
  readonly deployment: string;
  readonly isAnchored: boolean;
  readonly keys: readonly TrustedKey[];
  /** Enrolled writers by the id of their key. */
  readonly writers: ReadonlyMap<string, Writer>;
}

const bad = (what: string) => new Unreadable(exitCodes.signature, what);

export function readTrust(archive: Archive, root: Uint8Array | undefined): Trust {
  const keyset = openStatement(archive.get('trust/keyset.jws'), 'writ-keyset+jws', root, 'the keyset');
  if (keyset['_t'] !== 'writ.keyset/1' || !Array.isArray(keyset['keys']) || !isText(keyset['deployment'])) {
    throw new Unreadable(exitCodes.format, 'trust/keyset.jws is not a writ.keyset/1');
  }
  const keys = (keyset['keys'] as readonly JsonValue[]).map(keyOf);
  return {
    deployment: keyset['deployment'],
    isAnchored: root !== undefined,
    keys,
    writers: readWriters(archive, keys),
  };
}

/** Verifies a statement against `publicKey`; without one only its form is checked. */
export function openStatement(
  bytes: Uint8Array,
  type: StatementType,
  publicKey: Uint8Array | undefined,
  what: string,
): JsonObject {
  const jws = parseJws(bytes, type);
  if (!jws) throw bad(`${what} is not a signed statement of its kind`);
  if (publicKey && (jws.keyId !== keyIdOf(publicKey) || !verifyJws(jws, publicKey))) {
    throw bad(`${what} is not signed by the key that must sign it`);
  }
  const payload = parseCanonicalObject(jws.payload);
  if (!payload) throw new Unreadable(exitCodes.format, `${what} is not canonical JSON`);
  return payload;
}

/** The keys of one use that were valid at a time. */
export function keysFor(trust: Pick<Trust, 'keys'>, use: string, atMs: number): readonly TrustedKey[] {
  return trust.keys.filter((key) => key.use === use && key.from <= atMs && atMs <= key.until);
}

function keyOf(value: JsonValue): TrustedKey {
  const key = isObject(value) ? value : {};
  const { use, kid, pub, from, until, name, revoked } = key;
  const publicKey = isText(pub) ? fromBase64(pub) : undefined;
  const isWhole = isText(use) && isText(kid) && isText(name) && isCount(from) && isCount(until);
  if (!isWhole || publicKey?.length !== 32 || keyIdOf(publicKey) !== kid) {
    throw new Unreadable(exitCodes.format, 'a key of the keyset is malformed');
  }
  if (revoked === undefined) return { use, kid, publicKey, from, until, name, revoked: undefined };
  if (!isObject(revoked) || !isCount(revoked['at']) || !isObject(revoked['lastSize'])) {
    throw new Unreadable(exitCodes.format, 'a revocation of the keyset is malformed');
  }
  return { use, kid, publicKey, from, until, name, revoked: { at: revoked['at'], lastSize: revoked['lastSize'] } };
}

function readWriters(archive: Archive, keys: readonly TrustedKey[]): ReadonlyMap<string, Writer> {
  const writers = new Map<string, Writer>();
  for (const { name } of archive.files()) {
    if (!name.startsWith('writers/')) continue;
    const bytes = archive.get(name);
    const kid = parseJws(bytes, 'writ-enrolment+jws')?.keyId;
    const authority = keys.find((key) => key.use === 'writer-ca' && key.kid === kid);
    if (!authority) throw bad(`${name} is not signed by a writer authority of the keyset`);
    const enrolment = openStatement(bytes, 'writ-enrolment+jws', authority.publicKey, name);
    const { w, kid: writerKid, pub, from, until } = enrolment;
    const publicKey = isText(pub) ? fromBase64(pub) : undefined;
    const isWhole = enrolment['_t'] === 'writ.enrolment/1' && isText(w) && isCount(from) && isCount(until);
    if (!isWhole || publicKey?.length !== 32 || keyIdOf(publicKey) !== writerKid || name !== `writers/${w}.jws`) {
      throw new Unreadable(exitCodes.format, `${name} is malformed`);
    }
    if (from < authority.from || from > authority.until) throw bad(`${name} was signed outside its authority's time`);
    if (authority.revoked && from >= authority.revoked.at)
      throw bad(`${name} was signed after its authority was revoked`);
    writers.set(writerKid, { id: w, publicKey, from, until });
  }
  return writers;
}

function keyIdOf(publicKey: Uint8Array): string {
  return toHex(sha256(publicKey)).slice(0, 16);
}
