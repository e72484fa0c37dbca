import { sameBytes, fromBase64Url, sha256, toHex } from '../bytes.js';
import { commitTo } from '../sealing.js';
import type { Archive } from './archive.js';
import { type Finding, exitCodes } from './findings.js';
import type { VerifiedRecord } from './record.js';
import { isObject, isText, parseCanonicalObject } from './strict-json.js';

/** Checks what a bundle discloses beside a leaf against what the leaf committed to when it was written. */
export class Disclosures {
  #committed = 0;
  #opened = 0;

  constructor(private readonly archive: Archive) {}

  check(record: VerifiedRecord): Finding | undefined {
    const { index, rid, payload } = record;
    const commitments = isObject(payload['k']) ? payload['k'] : {};
    this.#committed += Object.keys(commitments).length;
    const fault = this.#sealedFault(record) ?? this.#openFault(index, commitments);
    return fault === undefined ? undefined : { code: exitCodes.payload, index, record: rid, what: fault };
  }

  get share(): { readonly committed: number; readonly opened: number } {
    return { committed: this.#committed, opened: this.#opened };
  }

  #sealedFault({ index, payload }: VerifiedRecord): string | undefined {
    const sealed = this.archive.find(`sealed/${index}.bin`);
    if (!sealed) return undefined;
    const expected = isObject(payload['seal']) ? payload['seal']['sha256'] : undefined;
    return toHex(sha256(sealed)) === expected ? undefined : 'the sealed content is not the one that the leaf names';
  }

  #openFault(index: number, commitments: Readonly<Record<string, unknown>>): string | undefined {
    const bytes = this.archive.find(`open/${index}.json`);
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
