import { limits, type JsonObject } from '@writ/domain';
import { importJWK, type JWK } from 'jose';
import { isPublicKey, keyFits, signatureAlgorithms } from './algorithms.js';
import { parseStrictJson } from './strict-json.js';
import { isObject } from './token.js';

export type VerificationKey = Awaited<ReturnType<typeof importJWK>>;

/** The public keys of one connection, as one fetch returned them. Immutable. */
export class KeySet {
  readonly #imported = new Map<string, VerificationKey | Promise<VerificationKey>>();

  constructor(
    private readonly keys: readonly JWK[],
    readonly fetchedAtMs: number,
  ) {}

  /** Two keys that fit are as bad as none: the first one would be a guess. */
  find(keyId: string | undefined, algorithm: string): JWK | 'none' | 'ambiguous' {
    const fitting = this.keys.filter((key) => (keyId === undefined || key.kid === keyId) && keyFits(key, algorithm));
    if (fitting.length > 1) return 'ambiguous';
    return fitting[0] ?? 'none';
  }

  /** The same object for the same key and algorithm, as long as this set is held. */
  imported(key: JWK, algorithm: string): VerificationKey | Promise<VerificationKey> {
    const name = `${algorithm} ${this.keys.indexOf(key)}`;
    const known = this.#imported.get(name);
    if (known !== undefined) return known;
    const importing = this.#import(name, key, algorithm);
    this.#imported.set(name, importing);
    return importing;
  }

  async #import(name: string, key: JWK, algorithm: string): Promise<VerificationKey> {
    const imported = await importJWK(key, algorithm);
    this.#imported.set(name, imported);
    return imported;
  }

  get size(): number {
    return this.keys.length;
  }
}

/** The algorithms that the keys of an uploaded set can verify; empty when it is not a usable set. */
export function algorithmsOfKeys(text: string): readonly string[] {
  const parsed = parseStrictJson(text, { depth: 6, values: 4_096 });
  const keys = parsed.ok && isObject(parsed.value) ? parsed.value['keys'] : undefined;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > limits.jwksKeys) return [];
  const known = (keys as readonly JsonObject[]).filter(isObject).map((key): JWK => ({ ...key }));
  if (known.length < keys.length || !known.every((key) => isPublicKey(key))) return [];
  return signatureAlgorithms.filter((algorithm) => known.some((key) => keyFits(key, algorithm)));
}

/** Undefined when the text is not a usable set: not JSON, too many keys, or none that could verify anything. */
export function parseKeySet(text: string, fetchedAtMs: number): KeySet | undefined {
  const parsed = parseStrictJson(text, { depth: 6, values: 4_096 });
  if (!parsed.ok || !isObject(parsed.value)) return undefined;
  const keys = parsed.value['keys'];
  if (!Array.isArray(keys) || keys.length > limits.jwksKeys) return undefined;
  const usable = (keys as readonly JsonObject[])
    .filter(isObject)
    .map((key): JWK => ({ ...key }))
    .filter((key) => isPublicKey(key));
  return usable.length === 0 ? undefined : new KeySet(usable, fetchedAtMs);
}
