import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { type Classification, err, ok, type Result, type Role } from '@writ/domain';

/** What a token claims: which request was classified how, and how far the deeper review has come. */
export interface ClassificationClaims {
  /** Opaque and unique; a verdict is stored by it. */
  readonly id: string;
  readonly requestDigest: string;
  /** Of each leaf's path and text under the tenant's key, in order. */
  readonly leafDigests: readonly string[];
  /** Of the conversation's newest leaf: a later request that holds it goes on from the reviewed one. */
  readonly newestLeaf: string;
  readonly taxonomyVersion: string;
  readonly engineVersion: string;
  /** Per mille by class, as the inline pass found them; no review ever changes it. */
  readonly inline: Readonly<Record<string, number>>;
  readonly complete: boolean;
  readonly state: 'pending' | 'done' | 'failed';
  /** Per mille by class, as the deeper review found them; absent until it is done. */
  readonly review?: Readonly<Record<string, number>>;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What policy reads as `data.deep`. */
export type DeepFact = 'none' | 'pending' | 'clear' | 'confirmed';

interface DigestedLeaf {
  readonly path: string;
  readonly text: string;
  readonly role: Role;
}

const DOMAIN = 'writ classification token v1\0';
/** Per mille from which a review confirms a class. */
export const reviewConfirms = 500;

/** Each leaf's path and text under the tenant's key, in order, hex. */
export function leafDigestsOf(
  leaves: readonly Pick<DigestedLeaf, 'path' | 'text'>[],
  digestKey: Uint8Array,
): readonly string[] {
  return leaves.map(({ path, text }) => createHmac('sha256', digestKey).update(`${path}\0${text}`).digest('hex'));
}

/** The claims of one inline result. Only digests of the content go in. */
export function claimsOf(
  found: Classification,
  leaves: readonly DigestedLeaf[],
  how: { readonly id: string; readonly digestKey: Uint8Array; readonly expiresAt: number },
): ClassificationClaims {
  const leafDigests = leafDigestsOf(leaves, how.digestKey);
  const newest = leaves.findLastIndex(({ role }) => role === 'user' || role === 'tool');
  return {
    id: how.id,
    requestDigest: createHash('sha256').update(leafDigests.join('\n')).digest('hex'),
    leafDigests,
    newestLeaf: leafDigests.at(newest) ?? '',
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

/**
 * The claims with what a deeper review found, or with its failure. A review that is done stays done: a second one is
 * joined to it, class by class the higher, and a failure behind it changes nothing.
 */
export function tighten(
  claims: ClassificationClaims,
  review: Readonly<Record<string, number>> | 'failed',
): ClassificationClaims {
  if (review === 'failed') return claims.state === 'done' ? claims : { ...claims, state: 'failed' };
  return { ...claims, review: higher(claims.review ?? {}, review), state: 'done' };
}

/** What counts after the review: each class as high as either found it. A review raises, and never lowers. */
export function classesOf({ inline, review = {} }: ClassificationClaims): Readonly<Record<string, number>> {
  return higher(inline, review);
}

/** True when a request with these leaves goes on from the one that was reviewed. */
export function concerns({ newestLeaf }: ClassificationClaims, leafDigests: readonly string[]): boolean {
  return newestLeaf !== '' && leafDigests.includes(newestLeaf);
}

/**
 * The fact for policy over all reviews that concern a request. A review that failed or never ended is never `clear`: it
 * stays `pending`, and a rule that waits for `clear` goes on to deny.
 */
export function deepFactOf(reviews: readonly ClassificationClaims[]): DeepFact {
  if (reviews.length === 0) return 'none';
  if (reviews.some((each) => Object.values(each.review ?? {}).some((score) => score >= reviewConfirms)))
    return 'confirmed';
  return reviews.every((each) => each.state === 'done') ? 'clear' : 'pending';
}

function higher(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const joined: Record<string, number> = { ...one };
  for (const [name, score] of Object.entries(other)) joined[name] = Math.max(joined[name] ?? 0, score);
  return joined;
}

function seal(body: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(DOMAIN).update(body).digest('base64url');
}
