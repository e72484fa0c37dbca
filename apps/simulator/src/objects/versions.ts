import { createHash } from 'node:crypto';

/** One version of one key. A marker has no bytes: it is what a plain DELETE leaves. */
export interface Version {
  readonly id: string;
  readonly bytes: Buffer | undefined;
  readonly contentType: string;
  readonly modifiedAt: number;
  retainUntilMs: number | undefined;
}

/** A bucket with versions and object lock in compliance mode: nothing overwrites, and a locked version stays. */
export class Versions {
  readonly #keys = new Map<string, Version[]>();
  #made = 0;

  /** The newest version, which may be a marker; or the named one. */
  find(key: string, id?: string): Version | undefined {
    const versions = this.#keys.get(key) ?? [];
    return id === undefined ? versions.at(-1) : versions.find((version) => version.id === id);
  }

  put(key: string, version: Omit<Version, 'id'>): Version {
    this.#made += 1;
    const made = { ...version, id: `v${String(this.#made).padStart(8, '0')}` };
    const versions = this.#keys.get(key);
    if (versions) versions.push(made);
    else this.#keys.set(key, [made]);
    return made;
  }

  /** False when the lock holds. */
  remove(key: string, id: string, nowMs: number): boolean {
    const version = this.find(key, id);
    if (version?.retainUntilMs !== undefined && version.retainUntilMs > nowMs) return false;
    this.#keys.set(
      key,
      (this.#keys.get(key) ?? []).filter((each) => each !== version),
    );
    return true;
  }

  /** Keys in order of their bytes, each with its versions, newest first. */
  under(prefix: string): readonly (readonly [key: string, versions: readonly Version[]])[] {
    return Array.from(this.#keys)
      .filter(([key, versions]) => key.startsWith(prefix) && versions.length > 0)
      .map(([key, versions]) => [key, versions.toReversed()] as const)
      .toSorted(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  }
}

export function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}
