import { type Dialect, err, type JsonObject, type Result } from '@writ/domain';
import type { ProviderFault } from '@writ/routing';
import { conversationOfMessages } from '../anthropic/conversation.js';
import { conversationOfGenerate } from '../gemini/conversation.js';
import { conversationOfChat } from '../openai/chat-conversation.js';
import { conversationOfResponses } from '../openai/responses-conversation.js';
import { cannotServe, type Job } from '../vendor.js';
import { type Conversation, objectOf, translated } from './conversation.js';
import { readJson } from '../json/value.js';

const readers: Readonly<Partial<Record<Dialect, (body: JsonObject, job: Job) => Conversation>>> = {
  'openai.chat': conversationOfChat,
  'openai.responses': conversationOfResponses,
  'gemini.generate': conversationOfGenerate,
  'anthropic.messages': conversationOfMessages,
};

/** Writes the cleared prompt, whatever its dialect, with another vendor's writer. Obliged limits are in it. */
export function translate(
  job: Job,
  write: (conversation: Conversation) => JsonObject,
): Result<JsonObject, ProviderFault> {
  const { ask, source } = job.prompt;
  const read = readers[ask.dialect];
  if (!read || ask.action !== 'chat') return err(cannotServe('dialect-not-served'));
  return translated(() => {
    const conversation = read(objectOf(readJson(source)), job);
    const most = [conversation.maxOutputTokens, job.maxOutputTokens].filter((limit) => limit !== undefined);
    return write(most.length > 0 ? { ...conversation, maxOutputTokens: Math.min(...most) } : conversation);
  });
}
