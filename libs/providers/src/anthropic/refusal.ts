import { type Refusal, refusals } from '@writ/domain';

/** Anthropic's error body, with what helps to find the decision. */
export function anthropicErrorBody(refusal: Refusal, request: string, decision?: string): object {
  const { status, message } = refusals[refusal.code];
  return {
    type: 'error',
    error: {
      type: typeOf(status),
      message: refusal.message ?? message,
      code: refusal.code,
      ...(refusal.param === undefined ? {} : { param: refusal.param }),
      ...(refusal.detail === undefined ? {} : { rule: refusal.detail }),
      ...(decision === undefined ? {} : { decision_id: decision }),
      docs: `docs/errors.md#${refusal.code}`,
    },
    request_id: request,
  };
}

function typeOf(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 503:
      return 'overloaded_error';
    default:
      return status >= 500 ? 'api_error' : 'invalid_request_error';
  }
}
