import { refuse, type Refusal } from '@writ/domain';
import type { OutcomeRecord, Receipt, SegmentRecord } from '@writ/ledger';

/**
 * Bytes that may reach the socket. The gateway writes nothing else to a tenant's route, and only the two functions below
 * make one: bytes of a model need the receipt of the record that covers them; a refusal holds none.
 */
class ReleasedBytes {
  readonly #released = true;
  constructor(
    readonly bytes: Uint8Array,
    /** The record that covers the bytes; absent for a constant that no model had a part in. */
    readonly receipt: Receipt<OutcomeRecord> | Receipt<SegmentRecord> | undefined,
  ) {
    Object.freeze(this);
  }

  static isGenuine(value: object): boolean {
    return #released in value && value.#released;
  }
}

export type Released = ReleasedBytes;

/** The only way bytes of a model leave: under the receipt of a committed window. */
export function release(bytes: Uint8Array, receipt: Receipt<OutcomeRecord> | Receipt<SegmentRecord>): Released {
  return new ReleasedBytes(bytes, receipt);
}

/** Bytes that no model had a part in: the encoding of a refusal. Takes the encoder, so that nothing else can be passed. */
export function releaseConstant(
  encoder: { failure(refusal: Refusal, request: string): Uint8Array },
  refusal: Refusal,
  request: string,
): Released {
  const { retryAfterSeconds } = refusal;
  const constant = refuse(refusal.code, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
  return new ReleasedBytes(encoder.failure(constant, request), undefined);
}

/** For the socket's choke point: false for anything that merely looks like released bytes. */
export function isReleased(value: object): value is Released {
  return ReleasedBytes.isGenuine(value);
}
