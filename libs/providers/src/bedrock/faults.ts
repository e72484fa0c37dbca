import type { FaultClass } from '@writ/routing';
import type { IncomingHttpHeaders } from 'node:http';
import type { VendorError } from '../fault.js';
import { record } from '../openai/faults.js';

/** AWS names the exception in a header, or as `__type`; its sentence is for judging only. */
export function errorOf(body: unknown, headers: IncomingHttpHeaders = {}): VendorError {
  const found = record(body);
  const type = headers['x-amzn-errortype'] ?? found['__type'] ?? found['code'];
  const message = found['message'] ?? found['Message'];
  return {
    code: typeof type === 'string' ? type.split('#').at(-1)?.split(':')[0] : undefined,
    message: typeof message === 'string' ? message : undefined,
  };
}

const classes: Readonly<Record<string, FaultClass>> = {
  throttlingexception: 'rate-limited',
  toomanyrequestsexception: 'rate-limited',
  servicequotaexceededexception: 'rate-limited',
  accessdeniedexception: 'credential',
  unrecognizedclientexception: 'credential',
  invalidsignatureexception: 'credential',
  expiredtokenexception: 'credential',
  resourcenotfoundexception: 'not-found',
  modelnotreadyexception: 'unavailable',
  modeltimeoutexception: 'unavailable',
  modelerrorexception: 'unavailable',
  modelstreamerrorexception: 'unavailable',
  internalserverexception: 'unavailable',
  serviceunavailableexception: 'unavailable',
};

export function classOf(_status: number, error: VendorError): FaultClass | undefined {
  if (/too long|maximum.*tokens|context (?:length|window)/i.test(error.message ?? '')) return 'context-too-long';
  return classes[(error.code ?? '').toLowerCase()];
}
