import { type Refusal, refusals } from '@writ/domain';

/** Google's error body, with what helps to find the decision. */
export function geminiErrorBody(refusal: Refusal, request: string, decision?: string): object {
  const { status, message } = refusals[refusal.code];
  const metadata = {
    code: refusal.code,
    ...(refusal.param === undefined ? {} : { param: refusal.param }),
    ...(refusal.detail === undefined ? {} : { rule: refusal.detail }),
    ...(decision === undefined ? {} : { decision_id: decision }),
    request_id: request,
    docs: `docs/errors.md#${refusal.code}`,
  };
  const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: refusal.code, domain: 'writ', metadata };
  return { error: { code: status, message: refusal.message ?? message, status: statusOf(status), details: [info] } };
}

function statusOf(status: number): string {
  const names: Readonly<Record<number, string>> = {
    401: 'UNAUTHENTICATED',
    403: 'PERMISSION_DENIED',
    404: 'NOT_FOUND',
    429: 'RESOURCE_EXHAUSTED',
    500: 'INTERNAL',
  };
  return names[status] ?? (status >= 500 ? 'UNAVAILABLE' : 'INVALID_ARGUMENT');
}
