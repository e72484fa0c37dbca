import type { JsonObject, JsonValue } from '@writ/domain';
import type { X509Certificate } from 'node:crypto';
import { fromHex, sameBytes, sha256, utf8 } from '../bytes.js';
import { openCheckpoint } from '../checkpoint.js';
import { type Cosignature, type Witness, cosignaturesOf } from '../cosignature.js';
import { hashEpoch, hashHead } from '../epoch.js';
import { rootFromInclusion } from '../merkle.js';
import { type SignedNote, parseNote } from '../note.js';
import { type Timestamp, readTimestamp } from '../timestamp.js';
import type { WitnessPolicy } from '../witness-policy.js';
import type { Archive } from './archive.js';
import { type Claim, type Finding, Unreadable, exitCodes } from './findings.js';
import { isCount, parseCanonicalObject } from './strict-json.js';
import type { Trust } from './trust.js';
import type { TreeRange } from './tree.js';

/** What the epochs of a bundle prove: that the checkpoint was the log's one head then, and who saw it. */
export interface Witnessing {
  readonly findings: readonly Finding[];
  readonly claims: readonly Claim[];
}

/**
 * Every epoch in the bundle must hold exactly this checkpoint in one slot. Witnesses count when they stand in the policy
 * that the verifier brought; those that only the keyset names are told, and prove no more than the keyset.
 */
export function examineEpochs(
  archive: Archive,
  range: TreeRange,
  trust: Trust,
  { policy, timestampAuthority }: { readonly policy?: WitnessPolicy; readonly timestampAuthority?: X509Certificate },
): Witnessing {
  const named = trust.keys
    .filter(({ use }) => use === 'witness')
    .map(({ name, publicKey }): Witness => ({ name, publicKey }));
  const seen = new Map<string, Cosignature>();
  const stamps: Timestamp[] = [];
  const findings: Finding[] = [];
  for (const { name } of archive.files()) {
    const number = /^epochs\/(0|[1-9][0-9]{0,14})\.note$/.exec(name)?.[1];
    if (number === undefined) continue;
    const note = epochNote(archive, name, Number(number), range, trust);
    if ('code' in note) {
      findings.push(note);
      continue;
    }
    for (const one of cosignaturesOf(note, policy?.witnesses ?? named)) {
      const before = seen.get(one.name);
      if (!before || one.seconds < before.seconds) seen.set(one.name, one);
    }
    const stamp = stampOf(archive, number, note, timestampAuthority);
    if (stamp === 'invalid') {
      findings.push({ code: exitCodes.signature, what: `epochs/${number}.tsr is no token of your authority for it` });
    } else if (stamp) stamps.push(stamp);
  }
  if (policy && !policy.isQuorum(new Set(seen.keys()))) {
    findings.push({ code: exitCodes.witness, what: 'the witnesses of your policy did not cosign' });
  }
  return { findings, claims: claimsOf([...seen.values()], stamps, policy !== undefined, findings.length === 0) };
}

function epochNote(archive: Archive, name: string, number: number, range: TreeRange, trust: Trust) {
  const text = Buffer.from(archive.get(name)).toString('utf8');
  const parsed = parseNote(text);
  const proof = parseCanonicalObject(archive.get(`epochs/${number}.head-proof`));
  if (!parsed || !proof || !sameBytes(archive.get(name), Buffer.from(text, 'utf8'))) {
    throw new Unreadable(exitCodes.format, `${name} or its head proof is malformed`);
  }
  const keys = trust.keys.filter(({ use, name: prefix }) => {
    return (use === 'epoch' || use === 'log') && prefix !== '' && text.startsWith(prefix);
  });
  const checkpoint = openCheckpoint(
    text,
    keys.map(({ publicKey }) => publicKey),
  );
  if (!checkpoint) return { code: exitCodes.signature, what: `${name} is not signed by an epoch key of the keyset` };
  const root = rootOfProof(proof, number, range, checkpoint.size);
  return root && sameBytes(root, checkpoint.root)
    ? parsed
    : { code: exitCodes.root, what: `${name} does not hold the checkpoint of this bundle in its slot` };
}

function rootOfProof(proof: JsonObject, number: number, range: TreeRange, size: number): Uint8Array | undefined {
  const { slot, slots } = proof;
  const headProof = hashesOf(proof['headProof']);
  const epochProof = hashesOf(proof['epochProof']);
  if (proof['number'] !== number || !isCount(slot) || !isCount(slots) || !headProof || !epochProof) return undefined;
  const heads = rootFromInclusion(slot, slots, hashHead(slot, range.checkpoint), headProof);
  return heads && rootFromInclusion(number, size, hashEpoch(number, heads), epochProof);
}

function hashesOf(value: JsonValue | undefined): readonly Uint8Array[] | undefined {
  if (!Array.isArray(value) || value.length > 63) return undefined;
  const list = value as readonly JsonValue[];
  return list.every((hex) => typeof hex === 'string' && /^[0-9a-f]{64}$/.test(hex))
    ? list.map((hex) => fromHex(hex as string))
    : undefined;
}

/** RFC 3161, over the text of the epoch's checkpoint. Believed only from an authority that the verifier brought. */
function stampOf(
  archive: Archive,
  number: string,
  note: SignedNote,
  authority: X509Certificate | undefined,
): Timestamp | 'invalid' | undefined {
  const token = archive.find(`epochs/${number}.tsr`);
  if (!token || !authority) return undefined;
  return readTimestamp(token, sha256(utf8(note.text)), authority) ?? 'invalid';
}

function claimsOf(
  seen: readonly Cosignature[],
  stamps: readonly Timestamp[],
  isByPolicy: boolean,
  holds: boolean,
): readonly Claim[] {
  const claims: Claim[] = [];
  if (seen.length > 0) {
    const names = seen
      .map(({ name }) => name)
      .toSorted()
      .join(', ');
    const whose = isByPolicy ? 'by the witnesses of your policy' : 'by witnesses that only the deployment names';
    claims.push({ name: 'WITNESSED', holds: holds && isByPolicy, what: `${whose}: ${names}` });
  }
  const believed = [
    ...stamps.map(({ atMs }) => atMs),
    ...(isByPolicy ? seen.map(({ seconds }) => seconds * 1_000) : []),
  ];
  if (believed.length > 0) {
    const earliest = new Date(Math.min(...believed)).toISOString();
    claims.push({ name: 'TIMESTAMPED', holds, what: `not later than ${earliest}` });
  }
  return claims;
}
