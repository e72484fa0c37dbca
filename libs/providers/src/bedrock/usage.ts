import type { Usage } from '@writ/domain';
import type { TokenUsage } from './wire.js';

/** Cached tokens stand beside `inputTokens` here; ours are a part of them. Reasoning is not counted apart. */
export function readUsage(usage: TokenUsage | undefined): Usage | undefined {
  const input = sane(usage?.inputTokens);
  const output = sane(usage?.outputTokens);
  if (input === undefined || output === undefined) return undefined;
  const cacheRead = sane(usage?.cacheReadInputTokens) ?? 0;
  const cacheWrite = sane(usage?.cacheWriteInputTokens) ?? 0;
  return {
    inputTokens: input + cacheRead + cacheWrite,
    outputTokens: output,
    cacheReadTokens: cacheRead,
    cacheWriteTokens: cacheWrite,
    reasoningTokens: 0,
    estimated: false,
  };
}

/** Absurd counts are no counts. */
export function sane(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
