import type { Used } from './counted.js';
import type { Counter } from './counter.js';
import { windowMs } from './scripts.js';

/** `x-ratelimit-*` as OpenAI's clients read them, of the tightest limit of each kind. `used` is before this request. */
export function limitHeaders(
  counters: readonly Counter[],
  used: readonly Used[],
  tokens: number,
  nowMs: number,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const what of ['requests', 'tokens'] as const) {
    const cost = what === 'requests' ? 1 : tokens;
    let tightest: { readonly limit: number; readonly remaining: number } | undefined;
    for (let index = 0; index < counters.length; index += 1) {
      const limit = counters[index]?.[what];
      if (limit === undefined) continue;
      const remaining = Math.max(0, limit - (used[index]?.[what] ?? 0) - cost);
      if (!tightest || remaining < tightest.remaining) tightest = { limit, remaining };
    }
    if (!tightest) continue;
    headers[`x-ratelimit-limit-${what}`] = String(tightest.limit);
    headers[`x-ratelimit-remaining-${what}`] = String(tightest.remaining);
    headers[`x-ratelimit-reset-${what}`] = `${Math.ceil((windowMs - (nowMs % windowMs)) / 1_000)}s`;
  }
  return headers;
}
