import { type Dialect, type Refusal, refusals } from '@writ/domain';
import { denied } from '../authzen/answer.js';
import { anthropicErrorBody } from '../anthropic/refusal.js';
import { geminiErrorBody } from '../gemini/refusal.js';
import { openAiErrorBody } from '../openai/refusal.js';

export interface EncodedRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A refusal in the caller's dialect. `x-should-retry` is what the published SDKs obey. */
export function encodeRefusal(
  dialect: Dialect,
  refusal: Refusal,
  request: string,
  decisionId: string | undefined,
  /** The rules of a recorded deny; absent where nothing was decided. */
  deniedBy?: readonly string[],
): EncodedRefusal {
  const { status, retry } = refusals[refusal.code];
  const seconds = refusal.retryAfterSeconds ?? (retry ? 1 : undefined);
  const evaluated = dialect === 'authzen.evaluation' && deniedBy !== undefined;
  return {
    status: evaluated ? 200 : status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-request-id': request,
      'x-should-retry': String(retry),
      ...(decisionId === undefined ? {} : { 'x-writ-decision': decisionId }),
      ...(seconds === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(seconds))) }),
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    },
    body: evaluated
      ? denied(refusal, decisionId, deniedBy)
      : JSON.stringify(bodyOf(dialect, refusal, request, decisionId)),
  };
}

function bodyOf(dialect: Dialect, refusal: Refusal, request: string, decisionId: string | undefined): object {
  if (dialect === 'anthropic.messages') return anthropicErrorBody(refusal, request, decisionId);
  if (dialect === 'gemini.generate') return geminiErrorBody(refusal, request, decisionId);
  return openAiErrorBody(refusal, request, decisionId);
}
