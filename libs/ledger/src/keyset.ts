import type { JsonObject } from '@writ/domain';
import { toBase64 } from './bytes.js';
import { canonicalJson } from './canonical-json.js';
import { jwsHeader, signJws } from './jws.js';
import { type StatementSigner, keyId } from './signer.js';

export type KeyUse = 'log' | 'epoch' | 'writer-ca' | 'export' | 'witness';

/** One key that the deployment's root vouches for. Times are ms since the epoch. */
export interface KeysetKey {
  readonly use: KeyUse;
  readonly kid: string;
  /** Raw Ed25519 public key, base64. */
  readonly pub: string;
  readonly from: number;
  readonly until: number;
  /** Of a log key: the origins it may sign for begin with this. Of an epoch or witness key: its key name. */
  readonly name: string;
  /** Set when the key was rotated away or stolen: from then on it signs nothing, and no tree larger than `lastSize`. */
  readonly revoked?: { readonly at: number; readonly lastSize: Readonly<Record<string, number>> };
}

/** What the root says: which keys do what, and when. The only statement that a verifier must believe beforehand. */
export interface Keyset {
  readonly _t: 'writ.keyset/1';
  readonly deployment: string;
  readonly version: number;
  readonly issued: number;
  readonly keys: readonly KeysetKey[];
}

/** Which key a gateway process signs with, vouched for by the writer authority. */
export interface Enrolment {
  readonly _t: 'writ.enrolment/1';
  /** Writer id; its lanes are `<w>/<n>`. */
  readonly w: string;
  readonly kid: string;
  readonly pub: string;
  readonly from: number;
  readonly until: number;
  readonly workload: string;
  readonly build: string;
}

export function keysetKey(
  use: KeyUse,
  publicKey: Uint8Array,
  window: { readonly from: number; readonly until: number },
  name = '',
): KeysetKey {
  return { use, kid: keyId(publicKey), pub: toBase64(publicKey), ...window, name };
}

/** A writer key lives at most 24 hours. */
export const writerLifeMs: number = 24 * 60 * 60 * 1000;

export function enrolment(
  writer: { readonly id: string; readonly publicKey: Uint8Array },
  what: { readonly workload: string; readonly build: string },
  nowMs: number,
): Enrolment {
  return {
    _t: 'writ.enrolment/1',
    w: writer.id,
    kid: keyId(writer.publicKey),
    pub: toBase64(writer.publicKey),
    from: nowMs,
    until: nowMs + writerLifeMs,
    ...what,
  };
}

export function signKeyset(keyset: Keyset, root: StatementSigner): Uint8Array {
  return signStatement('writ-keyset+jws', { ...keyset, keys: keyset.keys.map((key) => ({ ...key })) }, root);
}

export function signEnrolment(statement: Enrolment, authority: StatementSigner): Uint8Array {
  return signStatement('writ-enrolment+jws', { ...statement }, authority);
}

export function signStatement(
  type: 'writ-keyset+jws' | 'writ-enrolment+jws' | 'writ-manifest+jws',
  payload: JsonObject,
  signer: StatementSigner,
): Uint8Array {
  return signJws(jwsHeader(signer.keyId, type), canonicalJson(payload), (bytes) => signer.sign(bytes));
}
