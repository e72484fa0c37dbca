import type { Usage } from '@writ/domain';
import { member, type Node } from '../json/parse.js';
import { count } from '../openai/usage.js';

/**
 * Here cached tokens stand beside `input_tokens`; ours are a part of them. In a stream the last event repeats what changed:
 * `earlier` is what the first event counted.
 */
export function readUsage(usage: Node | undefined, earlier?: Usage): Usage | undefined {
  const input = count(member(usage, 'input_tokens'));
  const output = count(member(usage, 'output_tokens'));
  if (input === undefined && output === undefined) return undefined;
  const cacheRead = count(member(usage, 'cache_read_input_tokens')) ?? earlier?.cacheReadTokens ?? 0;
  const cacheWrite = count(member(usage, 'cache_creation_input_tokens')) ?? earlier?.cacheWriteTokens ?? 0;
  const beside = earlier ? earlier.inputTokens - earlier.cacheReadTokens - earlier.cacheWriteTokens : 0;
  return {
    inputTokens: (input ?? beside) + cacheRead + cacheWrite,
    outputTokens: output ?? earlier?.outputTokens ?? 0,
    cacheReadTokens: cacheRead,
    cacheWriteTokens: cacheWrite,
    reasoningTokens:
      count(member(member(usage, 'output_tokens_details'), 'thinking_tokens')) ?? earlier?.reasoningTokens ?? 0,
    estimated: false,
  };
}

export function writeUsage(usage: Usage): object {
  return {
    input_tokens: Math.max(0, usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens),
    output_tokens: usage.outputTokens,
    cache_read_input_tokens: usage.cacheReadTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    output_tokens_details: { thinking_tokens: usage.reasoningTokens },
  };
}
