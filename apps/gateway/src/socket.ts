import type { ServerResponse } from 'node:http';
import { isReleased, type Released } from '@writ/enforcement';

/** A refusal in the caller's dialect: made from the refusal table alone, so no model had a part in it. */
export interface EncodedRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** All that a tenant's route can do with its socket. */
export interface SealedResponse {
  /** Sends status and headers with the first released bytes. */
  begin(status: number, headers: Readonly<Record<string, string>>): void;
  /** True when the caller's side can take more, at once or later; false when it is gone. */
  write(released: Released): boolean | Promise<boolean>;
  end(): void;
  refuse(encoded: EncodedRefusal, headers: Readonly<Record<string, string>>): void;
  /** Cuts the connection without a proper end, so that the caller cannot take the answer for complete. */
  destroy(): void;
}

/**
 * The choke point. After this, writing to the raw response throws: no filter, interceptor, hook or timeout can leak a byte
 * of a model. What may be written is what `release` made, or the constant body of a refusal.
 */
export function sealResponse(raw: ServerResponse, drainMs: number): SealedResponse {
  const write = raw.write.bind(raw) as (bytes: Uint8Array) => boolean;
  const end = raw.end.bind(raw) as (bytes?: Uint8Array) => void;
  const writeHead = raw.writeHead.bind(raw) as (status: number, headers: Readonly<Record<string, string>>) => void;
  Object.assign(raw, { write: sealed, end: sealed, writeHead: sealed, flushHeaders: sealed });
  return {
    begin: (status, headers) => writeHead(status, headers),
    write(released) {
      if (!isReleased(released)) return sealed();
      if (raw.destroyed) return false;
      return write(released.bytes) || drained(raw, drainMs);
    },
    end: () => end(),
    refuse(encoded, headers) {
      if (raw.destroyed) return;
      writeHead(encoded.status, { ...headers, ...encoded.headers, 'content-length': String(encoded.body.length) });
      end(encoded.body);
    },
    destroy: () => {
      raw.destroy();
    },
  };
}

function sealed(): never {
  throw new Error('a tenant route writes only released bytes');
}

/** A reader that takes nothing for `drainMs` is cut: its stream must not hold memory for ever. */
function drained(raw: ServerResponse, drainMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => settle(false), drainMs);
  const onDrain = (): void => settle(true);
  const onClose = (): void => settle(false);
  raw.once('drain', onDrain);
  raw.once('close', onClose);
  function settle(alive: boolean): void {
    clearTimeout(timer);
    raw.off('drain', onDrain);
    raw.off('close', onClose);
    resolve(alive);
  }
  return promise;
}
