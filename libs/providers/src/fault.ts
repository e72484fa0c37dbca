import type { FaultClass, ProviderFault } from '@writ/routing';

/** What `events` throws when an answer breaks; carries the fault as a value. */
export class BrokenAnswer extends Error {
  constructor(readonly fault: ProviderFault) {
    super(`${fault.class}: ${fault.detail}`);
    this.name = 'BrokenAnswer';
  }
}

export function broken(detail: string): BrokenAnswer {
  return new BrokenAnswer({ class: 'broken-stream', detail });
}

/** Why a call was aborted by us; the reason of the abort signal. */
export class DeadlinePassed extends Error {
  constructor(readonly deadline: 'headers' | 'first' | 'idle' | 'total') {
    super(`the deadline for ${deadline} passed`);
  }
}

/** What a vendor's error body says, before it is judged. */
export interface VendorError {
  /** The vendor's code or type. */
  readonly code?: string | undefined;
  readonly param?: string | undefined;
  /** Read for judging only, never recorded: vendors quote prompts. */
  readonly message?: string | undefined;
}

/** The class by HTTP status; vendors refine it by their codes. */
export function classOfStatus(status: number): FaultClass {
  if (status === 401 || status === 403) return 'credential';
  if (status === 402) return 'billing';
  if (status === 404) return 'not-found';
  if (status === 429) return 'rate-limited';
  if (status === 408 || status === 409 || status === 425 || status >= 500) return 'unavailable';
  return status >= 400 ? 'malformed' : 'unavailable';
}

const word = /^[\w.:[\]/-]{1,64}$/;

/** Codes and field names only: a provider's sentence may quote the prompt or the key. */
export function detailOf(status: number, error: VendorError): string {
  const words = [error.code, error.param].filter((part): part is string => part !== undefined && word.test(part));
  return [`http-${status}`, ...words].join(' ');
}

const lost = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'UND_ERR_ABORTED', 'UND_ERR_DESTROYED']);

/** Before headers: nothing has been answered, so another attempt is safe. */
export function faultOfCall(error: unknown): ProviderFault {
  if (error instanceof DeadlinePassed) return { class: 'unavailable', detail: `deadline-${error.deadline}` };
  const code = codeOf(error);
  if (code === 'EGRESS_REFUSED') return { class: 'unavailable', detail: 'egress-refused' };
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return { class: 'unavailable', detail: 'deadline-connect' };
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return { class: 'unavailable', detail: 'deadline-headers' };
  if (isAbort(error)) return { class: 'unavailable', detail: 'cancelled' };
  if (isProtocol(error, code)) return { class: 'broken-stream', detail: 'not-http' };
  return { class: 'unavailable', detail: code ? `connect ${code}` : 'connect' };
}

/** While the body is read. */
export function faultOfBody(error: unknown): BrokenAnswer {
  if (error instanceof BrokenAnswer) return error;
  if (error instanceof DeadlinePassed) return broken(`deadline-${error.deadline}`);
  const code = codeOf(error);
  if (code === 'UND_ERR_BODY_TIMEOUT') return broken('deadline-idle');
  if (isAbort(error)) return broken('cancelled');
  if (isProtocol(error, code)) return broken('not-http');
  return broken(lost.has(code) ? 'cut' : `read ${code || 'failed'}`);
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && word.test(code)) return code;
  const cause = (error as { cause?: unknown } | null)?.cause;
  return cause === undefined ? '' : codeOf(cause);
}

function isProtocol(error: unknown, code: string): boolean {
  const name = (error as { name?: unknown } | null)?.name;
  return name === 'HTTPParserError' || code.startsWith('HPE_') || code.startsWith('UND_ERR_RES_');
}

function isAbort(error: unknown): boolean {
  const name = (error as { name?: unknown } | null)?.name;
  return name === 'AbortError' || name === 'TimeoutError';
}
