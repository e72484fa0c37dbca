import type { Dialect } from '@writ/domain';
import type { Job } from '../vendor.js';
import { cannotSay } from '../translate/conversation.js';
import { given } from './chat-write.js';
import { openAiWire } from './chat-vendor.js';

export function join(base: string, path: string): string {
  return base.replace(/\/+$/, '') + path;
}

function bearer(job: Job): Readonly<Record<string, string>> {
  return job.secret === undefined ? {} : { authorization: `Bearer ${job.secret}` };
}

/** What those who copy the wire speak; the rest is carried over to chat. */
const copied: ReadonlySet<Dialect> = new Set(['openai.chat', 'openai.completions', 'openai.embeddings']);

export const openai = openAiWire({
  url: ({ endpoint }, path) => join(endpoint.baseUrl, path),
  headers: (job) => ({
    ...bearer(job),
    ...setting(job, 'organization', 'openai-organization'),
    ...setting(job, 'project', 'openai-project'),
  }),
  tokensField: 'max_completion_tokens',
  usageOption: true,
  natives: new Set(['openai.chat', 'openai.responses', 'openai.completions', 'openai.embeddings']),
});

/** vLLM, Ollama and everything else that copies the wire. */
export const compatible = openAiWire({
  url: ({ endpoint }, path) => join(endpoint.baseUrl, path),
  headers: bearer,
  tokensField: 'max_tokens',
  usageOption: true,
  natives: copied,
});

/** Mistral refuses fields that it does not know, so a chat is written anew; it counts a stream unasked. */
export const mistral = openAiWire({
  url: ({ endpoint }, path) => join(endpoint.baseUrl, path),
  headers: bearer,
  tokensField: 'max_tokens',
  usageOption: false,
  natives: new Set<Dialect>(['openai.embeddings']),
  adapt({ seed, user: _user, ...body }) {
    if (body['logprobs'] !== undefined) cannotSay('logprobs');
    if (body['reasoning_effort'] !== undefined) cannotSay('reasoning_effort');
    return { ...body, ...given('random_seed', seed) };
  },
});

/** Azure names the deployment in the path and takes the key in its own header. */
export const azure = openAiWire({
  url: ({ endpoint, model }, path) => {
    const deployment = encodeURIComponent(endpoint.settings['deployment'] ?? model);
    const version = encodeURIComponent(endpoint.settings['apiVersion'] ?? '2024-10-21');
    return join(endpoint.baseUrl, `/openai/deployments/${deployment}${path}?api-version=${version}`);
  },
  headers: (job) => (job.secret === undefined ? {} : { 'api-key': job.secret }),
  tokensField: 'max_completion_tokens',
  usageOption: true,
  natives: copied,
});

function setting(job: Job, name: string, header: string): Readonly<Record<string, string>> {
  const value = job.endpoint.settings[name];
  return value === undefined ? {} : { [header]: value };
}
