import { type Refusal, refusals } from '@writ/domain';

/** OpenAI's error body, with what helps to find the decision. */
export function openAiErrorBody(refusal: Refusal, request: string, decision?: string): object {
  const { status, message } = refusals[refusal.code];
  return {
    error: {
      message: refusal.message ?? message,
      type: typeOf(status),
      code: refusal.code,
      param: refusal.param ?? null,
      ...(refusal.detail === undefined ? {} : { rule: refusal.detail }),
      ...(decision === undefined ? {} : { decision_id: decision }),
      request_id: request,
      docs: `docs/errors.md#${refusal.code}`,
    },
  };
}

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
