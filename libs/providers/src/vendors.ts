import { err, type Provider } from '@writ/domain';
import { anthropic } from './anthropic/vendor.js';
import { gemini, vertex } from './gemini/vendor.js';
import { azure, compatible, mistral, openai } from './openai/profiles.js';
import { classOf, errorOf } from './openai/faults.js';
import { cannotServe, type Vendor } from './vendor.js';

/** A vendor whose wire is not written yet serves nothing, and says so. */
const unserved: Vendor = {
  write: () => err(cannotServe('provider-not-served')),
  read: () => {
    throw new Error('nothing was written, so there is nothing to read');
  },
  errorOf,
  classOf,
};

export const vendors: Readonly<Record<Provider, Vendor>> = {
  openai,
  'azure.openai': azure,
  'openai-compatible': compatible,
  vllm: compatible,
  ollama: compatible,
  mistral,
  anthropic,
  'aws.bedrock': unserved,
  'google.vertex': vertex,
  'google.gemini': gemini,
  cohere: unserved,
};
