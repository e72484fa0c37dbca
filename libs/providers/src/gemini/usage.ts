import type { Usage } from '@writ/domain';
import { member, type Node } from '../json/parse.js';
import { count } from '../openai/usage.js';

/** Thoughts are counted beside the candidates here, and cached tokens within the prompt. */
export function readUsage(metadata: Node | undefined): Usage | undefined {
  const prompt = count(member(metadata, 'promptTokenCount'));
  if (prompt === undefined) return undefined;
  const thoughts = count(member(metadata, 'thoughtsTokenCount')) ?? 0;
  return {
    inputTokens: prompt + (count(member(metadata, 'toolUsePromptTokenCount')) ?? 0),
    outputTokens: (count(member(metadata, 'candidatesTokenCount')) ?? 0) + thoughts,
    cacheReadTokens: count(member(metadata, 'cachedContentTokenCount')) ?? 0,
    cacheWriteTokens: 0,
    reasoningTokens: thoughts,
    estimated: false,
  };
}

export function writeUsage(usage: Usage): object {
  return {
    promptTokenCount: usage.inputTokens,
    candidatesTokenCount: usage.outputTokens - usage.reasoningTokens,
    totalTokenCount: usage.inputTokens + usage.outputTokens,
    ...(usage.cacheReadTokens > 0 ? { cachedContentTokenCount: usage.cacheReadTokens } : {}),
    ...(usage.reasoningTokens > 0 ? { thoughtsTokenCount: usage.reasoningTokens } : {}),
  };
}
