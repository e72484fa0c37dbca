import type { IncomingHttpHeaders } from 'node:http';
import type { Directions } from './faults.js';
import type { Reply } from './reply.js';

/** A request as a vendor sees it. */
export interface Call {
  readonly method: string;
  /** Without the `/at/<place>` prefix, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Undefined when the text is not JSON. */
  readonly body: unknown;
}

export interface Vendor {
  readonly name: string;
  /** True for the paths that this vendor answers. */
  owns(path: string): boolean;
  /** The model a request names, so that scripts can match it. */
  modelOf(call: Call): string;
  /** The provider key a request carries. */
  keyOf(headers: IncomingHttpHeaders): string;
  answer(call: Call, directions: Directions): Reply | Promise<Reply>;
  /** An error in the vendor's own body. */
  error(status: number, code: string | undefined, message: string): Reply;
}

export function bearer(headers: IncomingHttpHeaders): string {
  return /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
}

export function field(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}

export function textField(body: unknown, name: string): string {
  const value = field(body, name);
  return typeof value === 'string' ? value : '';
}

/** Keys with a meaning, so that credential and billing faults need no script. */
export function refusedKey(key: string): { status: number; code: string; message: string } | undefined {
  if (key === '') return { status: 401, code: 'missing_api_key', message: 'You did not provide an API key.' };
  if (key.includes('invalid')) return { status: 401, code: 'invalid_api_key', message: 'Incorrect API key provided.' };
  if (key.includes('forbidden')) return { status: 403, code: 'forbidden', message: 'This key may not use this model.' };
  if (key.includes('broke'))
    return { status: 429, code: 'insufficient_quota', message: 'You exceeded your current quota.' };
  return undefined;
}
