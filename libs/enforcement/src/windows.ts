import { limits } from '@writ/domain';
import { hmac } from '@writ/ledger';

/** A run of bytes of the answer's body that one record covers. */
export interface Window {
  /** From 1, without gap. */
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly events: number;
  readonly bytes: Uint8Array;
  /** d_k = HMAC-SHA-256(key, d_(k-1) || bytes), hex; d_0 is empty. */
  readonly digest: string;
}

/** Cuts encoded events, at their boundaries, into windows that are chained by a keyed digest. */
export class WindowCutter {
  #parts: Uint8Array[] = [];
  #size = 0;
  #expected = 0;
  #from = 0;
  #number = 0;
  #openedAtMs = 0;
  #digest: Uint8Array = new Uint8Array(0);

  constructor(readonly key: Uint8Array) {}

  /** Of the open window, with what is expected of it. */
  get size(): number {
    return this.#size + this.#expected;
  }

  /** What was announced and is not inspected yet. */
  get expected(): number {
    return this.#expected;
  }

  /** About so many bytes will be added once they are inspected: the window is open from now on. */
  expect(bytes: number, nowMs: number): void {
    if (this.size === 0) this.#openedAtMs = nowMs;
    this.#expected += Math.max(1, bytes);
  }

  /** What was expected is added now, as far as it leaves. */
  add(parts: readonly Uint8Array[], nowMs: number): void {
    if (this.size === 0) this.#openedAtMs = nowMs;
    this.#expected = 0;
    for (const bytes of parts) {
      if (bytes.length === 0) continue;
      this.#parts.push(bytes);
      this.#size += bytes.length;
    }
  }

  get count(): number {
    return this.#number;
  }

  get digest(): string {
    const { buffer, byteOffset, length } = this.#digest;
    return Buffer.from(buffer, byteOffset, length).toString('hex');
  }

  /** Ms until the open window is due by its age or size; 0 when it is due, undefined when it is empty. */
  dueInMs(nowMs: number): number | undefined {
    if (this.size === 0) return undefined;
    if (this.size >= limits.windowBytes) return 0;
    const ages = limits.windowAgesMs;
    const age = ages[Math.min(this.#number, ages.length - 1)] ?? 0;
    return Math.max(0, this.#openedAtMs + age - nowMs);
  }

  cut(): Window {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#size);
    this.#digest = hmac(this.key, this.#digest, bytes);
    this.#number += 1;
    const from = this.#from;
    const window = {
      number: this.#number,
      from,
      to: from + bytes.length,
      events: this.#parts.length,
      bytes,
      digest: this.digest,
    };
    this.#from = window.to;
    this.#parts = [];
    this.#size = 0;
    return window;
  }
}
