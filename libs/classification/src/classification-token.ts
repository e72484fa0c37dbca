import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { type Classification, err, ok, type Result } from '@writ/domain';

/** What a token claims: which request was classified how, and how far the deeper review has come. */
export interface ClassificationClaims {
  readonly id: string;
  readonly requestDigest: string;
  /** Of each leaf's path and text under the tenant's key, in order. */
  readonly leafDigests: readonly string[];
  readonly taxonomyVersion: string;
  readonly engineVersion: string;
  /** Per mille by class, as the inline pass found them. */
  readonly inline: Readonly<Record<string, number>>;
  readonly complete: boolean;
  readonly state: 'pending' | 'done' | 'failed';
  readonly expiresAt: number;
}

const DOMAIN = 'writ classification token v1\0';

/** The claims of one inline result. Only digests of the content go in. */
export function claimsOf(
  found: Classification,
  leaves: readonly { readonly path: string; readonly text: string }[],
  how: { readonly id: string; readonly digestKey: Uint8Array; readonly expiresAt: number },
): ClassificationClaims {
  const leafDigests = leaves.map((leaf) =>
    createHmac('sha256', how.digestKey).update(`${leaf.path}\0${leaf.text}`).digest('hex'),
  );
  return {
    id: how.id,
    requestDigest: createHash('sha256').update(leafDigests.join('\n')).digest('hex'),
    leafDigests,
    taxonomyVersion: found.taxonomyVersion,
    engineVersion: found.engineVersion,
    inline: found.classes,
    complete: found.complete,
    state: 'pending',
    expiresAt: how.expiresAt,
  };
}

/** Opaque to whoever carries it: the claims in base64url and their HMAC under the tenant's key. */
export function issueClassificationToken(claims: ClassificationClaims, key: Uint8Array): string {
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${body}.${seal(body, key)}`;
}

/** The claims of a token that this tenant's key sealed and that has not expired. */
export function readClassificationToken(
  token: string,
  key: Uint8Array,
  nowMs: number,
): Result<ClassificationClaims, 'forged' | 'expired'> {
  const [body = '', given = '', ...more] = token.split('.');
  const expected = Buffer.from(seal(body, key));
  const actual = Buffer.from(given);
  if (more.length > 0 || actual.length !== expected.length || !timingSafeEqual(actual, expected)) return err('forged');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as ClassificationClaims;
  return claims.expiresAt > nowMs ? ok(claims) : err('expired');
}

/** What a deeper review may do to the inline result: raise a class, never lower one. Both stay in the record. */
export function tighten(
  claims: ClassificationClaims,
  review: Readonly<Record<string, number>> | 'failed',
): ClassificationClaims {
  if (review === 'failed') return { ...claims, state: 'failed' };
  const inline: Record<string, number> = { ...claims.inline };
  for (const [name, score] of Object.entries(review)) inline[name] = Math.max(inline[name] ?? 0, score);
  return { ...claims, inline, state: 'done' };
}

function seal(body: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(DOMAIN).update(body).digest('base64url');
}
