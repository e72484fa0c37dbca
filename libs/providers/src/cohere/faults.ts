import type { FaultClass } from '@writ/routing';
import type { VendorError } from '../fault.js';
import { record } from '../openai/faults.js';

/** The vendor gives a sentence and an id, no code. */
export function errorOf(body: unknown): VendorError {
  const { message } = record(body);
  return { message: typeof message === 'string' ? message : undefined };
}

export function classOf(status: number, error: VendorError): FaultClass | undefined {
  const message = error.message ?? '';
  if (status === 498) return 'credential';
  if (status === 499) return 'unavailable';
  if (/too many tokens|context length|exceeds.*tokens/i.test(message)) return 'context-too-long';
  if (status === 429 && /trial|billing|payment/i.test(message)) return 'billing';
  return undefined;
}
