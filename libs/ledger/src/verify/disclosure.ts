import { sameBytes, fromBase64Url, sha256, toHex } from '../bytes.js';
import { commitTo } from '../sealing.js';
import type { Archive } from './archive.js';
import { splitSealed, tilePath, tileWidth } from '../tiles.js';
import { type Finding, Unreadable, exitCodes } from './findings.js';
import type { VerifiedRecord } from './record.js';
import { isObject, isText, parseCanonicalObject } from './strict-json.js';
import type { TreeRange } from './tree.js';

/** Checks what a bundle discloses beside a leaf against what the leaf committed to when it was written. */
export class Disclosures {
  #committed = 0;
  #opened = 0;

  readonly #archive: Archive;
  readonly #range: TreeRange;
  /** Files that stand for one record, until that record was there to be compared with. */
  readonly #unclaimed: Set<string>;
  #tile: { readonly first: number; readonly parts: readonly Uint8Array[] } = { first: -1, parts: [] };

  constructor(archive: Archive, range: TreeRange) {
    this.#archive = archive;
    this.#range = range;
    const names = archive.files().map(({ name }) => name);
    this.#unclaimed = new Set(names.filter((name) => name.startsWith('sealed/') || name.startsWith('open/')));
  }

  check(record: VerifiedRecord): Finding | undefined {
    const { index, rid, payload } = record;
    const commitments = isObject(payload['k']) ? payload['k'] : {};
    this.#committed += Object.keys(commitments).length;
    const fault = this.#sealedFault(record) ?? this.#openFault(index, commitments);
    return fault === undefined ? undefined : { code: exitCodes.payload, index, record: rid, what: fault };
  }

  /** Told of every index in order. A leaf that is absent has nothing that sealed content beside it could be compared with. */
  visit(index: number, isPresent: boolean): Finding | undefined {
    return this.#sealedOfTile(index) && !isPresent
      ? { code: exitCodes.payload, index, what: 'sealed content stands beside a leaf that is absent' }
      : undefined;
  }

  /** What is left in the end: files that claim to be of a record, and no record could be read there. */
  finish(): readonly Finding[] {
    return [...this.#unclaimed].map((name) => ({
      code: exitCodes.payload,
      what: `${name} belongs to no record of this bundle that can be read`,
    }));
  }

  get share(): { readonly committed: number; readonly opened: number } {
    return { committed: this.#committed, opened: this.#opened };
  }

  #claim(name: string): Uint8Array | undefined {
    return this.#unclaimed.delete(name) ? this.#archive.find(name) : undefined;
  }

  #sealedFault({ index, payload }: VerifiedRecord): string | undefined {
    const alone = this.#claim(`sealed/${index}.bin`);
    const ofTile = this.#sealedOfTile(index);
    const expected = isObject(payload['seal']) ? payload['seal']['sha256'] : undefined;
    const isOther = [alone, ofTile].some((sealed) => sealed && toHex(sha256(sealed)) !== expected);
    return isOther ? 'the sealed content is not the one that the leaf names' : undefined;
  }

  /** What the tile of the index holds for it; undefined where it holds nothing. */
  #sealedOfTile(index: number): Uint8Array | undefined {
    const { from, to } = this.#range;
    if (index < from || index >= to) return undefined;
    const first = index - (index % tileWidth);
    if (this.#tile.first !== first)
      this.#tile = { first, parts: this.#partsOf(first, Math.min(tileWidth, to - first)) };
    const part = this.#tile.parts[index - first];
    return part === undefined || part.length === 0 ? undefined : part;
  }

  #partsOf(first: number, width: number): readonly Uint8Array[] {
    const name = `log/tile/sealed/${tilePath(first / tileWidth, width)}`;
    const bytes = this.#archive.find(name);
    const parts = bytes === undefined ? [] : splitSealed(bytes, width);
    if (!parts) throw new Unreadable(exitCodes.format, `${name} does not hold ${width} sealed parts`);
    return parts;
  }

  #openFault(index: number, commitments: Readonly<Record<string, unknown>>): string | undefined {
    const bytes = this.#claim(`open/${index}.json`);
    if (!bytes) return undefined;
    const fields = parseCanonicalObject(bytes);
    if (!fields) return 'the disclosed fields are not canonical JSON';
    for (const [name, field] of Object.entries(fields)) {
      const { value, salt } = isObject(field) ? field : {};
      const saltBytes = isText(salt) ? fromBase64Url(salt) : undefined;
      const commitment = Object.hasOwn(commitments, name) ? commitments[name] : undefined;
      const expected = typeof commitment === 'string' ? fromBase64Url(commitment) : undefined;
      if (!isText(value) || saltBytes?.length !== 32 || !expected) return `the disclosed field ${name} is malformed`;
      if (!sameBytes(commitTo(name, value, saltBytes), expected))
        return `the disclosed ${name} is not what was committed to`;
      this.#opened += 1;
    }
    return undefined;
  }
}
