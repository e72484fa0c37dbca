import { type Result, ok } from '@writ/domain';
import type { PutOptions, StoreFault, StoredObject } from './object-store.js';
import { textOf } from './xml.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

export function headersOf(options: PutOptions): Readonly<Record<string, string>> {
  const { contentType = 'application/octet-stream', onlyIfAbsent, retainUntilMs } = options;
  return {
    'content-type': contentType,
    ...(onlyIfAbsent === true ? { 'if-none-match': '*' } : {}),
    ...(retainUntilMs === undefined
      ? {}
      : {
          'x-amz-object-lock-mode': 'COMPLIANCE',
          'x-amz-object-lock-retain-until-date': new Date(retainUntilMs).toISOString(),
        }),
  };
}

export function stored(answer: Result<Answer, StoreFault>): Result<StoredObject, StoreFault> {
  return answer.ok ? ok({ version: headerOf(answer.value, 'x-amz-version-id') }) : answer;
}

export function headerOf({ headers }: Answer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

export function text({ body }: Answer): string {
  return Buffer.from(body).toString('utf8');
}

/** A redirect is a refusal: whoever configured the wrong region or host must say the right one. */
export function faultOf(key: string, status: number, answer: Answer): StoreFault {
  const code = textOf(text(answer), 'Code') ?? '';
  const said = `the object store answered ${status}${code === '' ? '' : ` ${code}`} for ${key === '' ? 'the bucket' : key}`;
  const kind = ((): StoreFault['kind'] => {
    if (status === 412 || (status === 409 && code === 'ConditionalRequestConflict')) return 'exists';
    if (status === 404) return code === 'NoSuchBucket' ? 'refused' : 'absent';
    if (status === 403 || status === 401) return 'denied';
    return status === 429 || status >= 500 ? 'unavailable' : 'refused';
  })();
  return { kind, what: said };
}
