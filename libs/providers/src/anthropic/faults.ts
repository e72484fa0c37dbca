import type { FaultClass } from '@writ/routing';
import type { VendorError } from '../fault.js';
import { record } from '../openai/faults.js';

export function errorOf(body: unknown): VendorError {
  const error = record(record(body)['error']);
  return { code: text(error['type']), message: text(error['message']) };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

const classes: Readonly<Record<string, FaultClass>> = {
  authentication_error: 'credential',
  permission_error: 'credential',
  billing_error: 'billing',
  rate_limit_error: 'rate-limited',
  overloaded_error: 'unavailable',
  api_error: 'unavailable',
  timeout_error: 'unavailable',
  not_found_error: 'not-found',
  request_too_large: 'context-too-long',
};

export function classOf(_status: number, error: VendorError): FaultClass | undefined {
  if (error.code === 'invalid_request_error') {
    if (/prompt is too long|context window/i.test(error.message ?? '')) return 'context-too-long';
    if (/credit balance/i.test(error.message ?? '')) return 'billing';
  }
  return classes[error.code ?? ''];
}
