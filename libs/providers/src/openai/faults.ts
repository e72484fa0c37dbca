import type { FaultClass } from '@writ/routing';
import { BrokenAnswer, classOfStatus, detailOf, type VendorError } from '../fault.js';
import { readJson } from '../json/value.js';

export function errorOf(body: unknown): VendorError {
  const outer = record(body);
  const error = record(outer['error']);
  const found = Object.keys(error).length > 0 ? error : outer;
  return {
    code: text(found['code']) ?? text(found['type']),
    param: text(found['param']),
    message: text(found['message']) ?? text(outer['error']) ?? text(outer['detail']),
  };
}

/** Codes of OpenAI and of those who speak its wire; vLLM and Ollama give a sentence where OpenAI gives a code. */
export function classOf(status: number, error: VendorError): FaultClass | undefined {
  const code = error.code ?? '';
  const message = error.message ?? '';
  if (/insufficient_quota|billing|credit/.test(code)) return 'billing';
  if (/context_length|string_above_max|prompt_too_long/.test(code)) return 'context-too-long';
  if (status === 400 && /maximum context length|context window|too many tokens/i.test(message))
    return 'context-too-long';
  if (/content_filter|content_policy|ResponsibleAIPolicy/i.test(code)) return 'filtered';
  if (/rate_limit/.test(code)) return 'rate-limited';
  if (/model_not_found|DeploymentNotFound/.test(code)) return 'not-found';
  if (/invalid_api_key|authentication/.test(code)) return 'credential';
  if (/server_error|overloaded|unavailable/.test(code)) return 'unavailable';
  return undefined;
}

export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Status 200, and an error in the body. */
export function errorInside(json: string): BrokenAnswer {
  const error = errorOf(readJson(json));
  const status = /^\d{3}$/.test(error.code ?? '') ? Number(error.code) : 500;
  return new BrokenAnswer({ class: classOf(status, error) ?? classOfStatus(status), detail: detailOf(200, error) });
}
