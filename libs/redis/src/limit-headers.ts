import type { RateCheck } from './rate-check.js';
import { windowMs } from './scripts.js';

/** `x-ratelimit-*` as OpenAI's clients read them, of the tightest limit of each kind. `used` is before this request. */
export function limitHeaders(
  checks: readonly RateCheck[],
  used: readonly number[],
  nowMs: number,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const what of ['requests', 'tokens'] as const) {
    const left = checks.flatMap((check, index) =>
      check.what === what
        ? [{ limit: check.limit, remaining: Math.max(0, check.limit - (used[index] ?? 0) - check.cost) }]
        : [],
    );
    const tightest = left.toSorted((a, b) => a.remaining - b.remaining)[0];
    if (!tightest) continue;
    headers[`x-ratelimit-limit-${what}`] = String(tightest.limit);
    headers[`x-ratelimit-remaining-${what}`] = String(tightest.remaining);
    headers[`x-ratelimit-reset-${what}`] = `${Math.ceil((windowMs - (nowMs % windowMs)) / 1_000)}s`;
  }
  return headers;
}
