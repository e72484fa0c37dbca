import type { Usage } from '@writ/domain';
import { sane } from '../bedrock/usage.js';
import type { CohereUsage } from './wire.js';

/** `tokens` is what the model read and wrote; `billed_units` leaves out the vendor's own preamble. */
export function readUsage(usage: CohereUsage | undefined): Usage | undefined {
  const input = sane(usage?.tokens?.input_tokens);
  const output = sane(usage?.tokens?.output_tokens);
  if (input === undefined || output === undefined) return undefined;
  return {
    inputTokens: input,
    outputTokens: output,
    cacheReadTokens: sane(usage?.cached_tokens) ?? 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    estimated: false,
  };
}
