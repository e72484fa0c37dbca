import type { FaultClass } from '@writ/routing';
import { BrokenAnswer, classOfStatus, detailOf, type VendorError } from '../fault.js';
import { record } from '../openai/faults.js';
import { readJson } from '../json/value.js';

export function errorOf(body: unknown): VendorError {
  const outer: unknown = Array.isArray(body) ? body[0] : body;
  const { status, message } = record(record(outer)['error']);
  return {
    code: typeof status === 'string' ? status : undefined,
    message: typeof message === 'string' ? message : undefined,
  };
}

const classes: Readonly<Record<string, FaultClass>> = {
  UNAUTHENTICATED: 'credential',
  PERMISSION_DENIED: 'credential',
  RESOURCE_EXHAUSTED: 'rate-limited',
  NOT_FOUND: 'not-found',
  UNAVAILABLE: 'unavailable',
  INTERNAL: 'unavailable',
  DEADLINE_EXCEEDED: 'unavailable',
};

export function classOf(status: number, error: VendorError): FaultClass | undefined {
  const message = error.message ?? '';
  if (/API key not valid|API_KEY_INVALID/.test(message)) return 'credential';
  if (/billing/i.test(message) && (status === 429 || status === 403)) return 'billing';
  if (/input token count.*exceeds|token limit/i.test(message)) return 'context-too-long';
  return classes[error.code ?? ''];
}

/** Status 200, and an error in the body. */
export function errorInside(json: string): BrokenAnswer {
  const body = (readJson(json) ?? {}) as { error?: { code?: unknown } };
  const error = errorOf(body);
  const status = typeof body.error?.code === 'number' ? body.error.code : 500;
  return new BrokenAnswer({ class: classOf(status, error) ?? classOfStatus(status), detail: detailOf(200, error) });
}
