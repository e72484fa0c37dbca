import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { type RecordId, type TenantId, parseRecordId } from '@writ/domain';
import type { StoredLeaf } from '@writ/ledger';
import { uuidv7 } from '@writ/platform';

/** Leaves of one writer, numbered per tenant and lane as a signing process numbers them. The bytes stand for a JWS. */
export class LeafMaker {
  readonly #numbers = new Map<string, number>();

  constructor(readonly writer: string) {}

  leaf(
    tenant: TenantId,
    more: Partial<StoredLeaf> & { readonly lane?: number; readonly size?: number } = {},
  ): StoredLeaf {
    const { lane = 0, size = 700, ...fields } = more;
    const writer = `${this.writer}/${lane}`;
    const number = (this.#numbers.get(`${tenant} ${writer}`) ?? 0) + 1;
    this.#numbers.set(`${tenant} ${writer}`, number);
    const leaf = Buffer.from(randomBytes(size).toString('base64url').slice(0, size));
    return {
      tenant,
      record: aRecordId(),
      request: randomUUID(),
      kind: 'decision',
      effect: 'permit',
      keep: 'y6',
      leaf,
      leafHash: leafHashOf(leaf),
      writer,
      writerSequence: number,
      ...fields,
    };
  }
}

export function leafHashOf(leaf: Uint8Array): Uint8Array {
  return createHash('sha256').update(Uint8Array.of(0)).update(leaf).digest();
}

export function aRecordId(): RecordId {
  const parsed = parseRecordId(uuidv7(Date.now()));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}
