import { createHash, createHmac, createPublicKey, verify } from 'node:crypto';
import { closeOpenDecisions, hashLeaf, type OpenDecision, parseRecord, type StoredLeaf } from '@writ/ledger';
import { parseRecordId, parseRequestId, type RecordId } from '@writ/domain';
import { must } from './builders.js';
import type { Seen } from './caller-twin.js';
import type { Arrival } from './provider-twin.js';

/** A stored record's payload, as anyone can read it without a key. */
export interface Payload {
  readonly [name: string]: unknown;
}

export function payloadOf(leaf: StoredLeaf): Payload {
  const body = Buffer.from(leaf.leaf).toString('ascii').split('.')[1] ?? '';
  return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Payload;
}

/** Digests of every window that a committed record covers. */
export function committedDigests(leaves: readonly StoredLeaf[]): ReadonlySet<unknown> {
  const digests = new Set<unknown>();
  for (const payload of leaves.map(payloadOf)) {
    digests.add(payload['digest']);
    const response = payload['response'];
    if (typeof response === 'object' && response !== null && 'digest' in response) digests.add(response.digest);
  }
  return digests;
}

/** d_k of the caller's k-th write, chained from the writes before it. */
export function chainDigest(key: Uint8Array, before: Uint8Array, bytes: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(before).update(bytes).digest();
}

/** I1: every byte a caller received lay, when it was written, in a window whose record was committed. Returns what did not. */
export function uncoveredWrites(seen: Seen): readonly number[] {
  return seen.coveredThen.flatMap((covered, at) => (covered ? [] : [at]));
}

/** I2: every request a provider received has a decision record that was durable before it arrived. */
export function undecidedArrivals(arrivals: readonly Arrival[]): readonly Arrival[] {
  return arrivals.filter((arrival) => !arrival.decisionWasDurable);
}

/**
 * I3, per writer lane: signatures verify, sequence numbers are gapless from 1, each record names the hash of the one before, or
 * of the last one before its batch when it shares that batch's signature.
 */
export function brokenChains(leaves: readonly StoredLeaf[], publicKey: Uint8Array): readonly string[] {
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
    format: 'jwk',
  });
  const lanes = new Map<string, { sequence: number; hash: string; previous: string; signature: string }>();
  const broken: string[] = [];
  for (const leaf of leaves) {
    const signed = parseRecord(leaf.leaf);
    if (!signed || !verify(null, signed.signedBytes(), key, signed.signature)) broken.push(`${leaf.record}: signature`);
    const signature = Buffer.from(signed?.signature ?? []).toString('hex');
    const payload = payloadOf(leaf);
    const lane = String(payload['w']);
    const before = lanes.get(lane) ?? { sequence: 0, hash: '0'.repeat(64), previous: '', signature: '' };
    const previous = signature === before.signature ? before.previous : before.hash;
    if (payload['wseq'] !== before.sequence + 1)
      broken.push(`${leaf.record}: wseq ${String(payload['wseq'])} after ${before.sequence}`);
    if (payload['prev'] !== previous) broken.push(`${leaf.record}: prev`);
    const hash = Buffer.from(hashLeaf(leaf.leaf)).toString('hex');
    lanes.set(lane, { sequence: before.sequence + 1, hash, previous, signature });
  }
  return broken;
}

/** Permits that no outcome closes, as the sweeper reads them. */
export function openDecisions(leaves: readonly StoredLeaf[]): readonly OpenDecision[] {
  const payloads = leaves.map((leaf) => ({ leaf, payload: payloadOf(leaf) }));
  const closed = new Set(
    payloads.filter(({ leaf }) => leaf.kind === 'outcome').map(({ payload }) => payload['decisionLeaf']),
  );
  return payloads
    .filter(
      ({ leaf, payload }) => leaf.kind === 'decision' && payload['effect'] === 'permit' && !closed.has(leafHex(leaf)),
    )
    .map(({ leaf, payload }) => ({
      request: must(parseRequestId(String(payload['req']))),
      decision: leaf.record,
      decisionLeaf: leafHex(leaf),
      dispatchLeaves: payloads
        .filter(({ leaf: other, payload: of }) => other.kind === 'dispatch' && of['decisionLeaf'] === leafHex(leaf))
        .map(({ leaf: other }) => leafHex(other)),
      writer: String(payload['w']),
      committedAt: 0,
      egressIsRecorded: false,
    }));
}

/** How often each permit is closed; the sweeper's outcomes included when its writers are all gone. */
export function closings(leaves: readonly StoredLeaf[], nowMs: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const permits = leaves
    .filter((leaf) => leaf.kind === 'decision' && payloadOf(leaf)['effect'] === 'permit')
    .map(leafHex);
  for (const permit of permits) counts.set(permit, 0);
  const outcomes = leaves
    .filter((leaf) => leaf.kind === 'outcome')
    .map((leaf) => String(payloadOf(leaf)['decisionLeaf']));
  let ids = 0;
  const newId = (): RecordId => must(parseRecordId(`00000000-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}`));
  const swept = closeOpenDecisions(openDecisions(leaves), [], nowMs, newId).map((outcome) => outcome.decisionLeaf);
  for (const decision of [...outcomes, ...swept]) counts.set(decision, (counts.get(decision) ?? 0) + 1);
  return counts;
}

/** Everything a tenant's ledger holds, as one text: to look for what must not be in it. */
export function ledgerText(leaves: readonly StoredLeaf[]): string {
  return leaves.map((leaf) => JSON.stringify(payloadOf(leaf))).join('\n');
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function leafHex(leaf: StoredLeaf): string {
  return Buffer.from(hashLeaf(leaf.leaf)).toString('hex');
}
