import type { Usage } from '@writ/domain';
import { member, type Node, numberOf } from '../json/parse.js';

/** OpenAI's `usage`: cached and reasoning tokens are parts of the totals, as in ours. Undefined when it counts nothing. */
export function readUsage(usage: Node | undefined): Usage | undefined {
  const input = count(member(usage, 'prompt_tokens') ?? member(usage, 'input_tokens'));
  const output = count(member(usage, 'completion_tokens') ?? member(usage, 'output_tokens'));
  if (input === undefined && output === undefined) return undefined;
  const inputDetails = member(usage, 'prompt_tokens_details') ?? member(usage, 'input_tokens_details');
  const outputDetails = member(usage, 'completion_tokens_details') ?? member(usage, 'output_tokens_details');
  return {
    inputTokens: input ?? 0,
    outputTokens: output ?? 0,
    cacheReadTokens: count(member(inputDetails, 'cached_tokens')) ?? 0,
    cacheWriteTokens: count(member(inputDetails, 'cache_write_tokens')) ?? 0,
    reasoningTokens: count(member(outputDetails, 'reasoning_tokens')) ?? 0,
    estimated: false,
  };
}

/** Absurd counts are no counts. */
export function count(node: Node | undefined): number | undefined {
  const value = numberOf(node);
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export function writeUsage(usage: Usage): object {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cacheReadTokens, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens, audio_tokens: 0 },
  };
}
