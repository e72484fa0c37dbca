import type { Provider } from '@writ/domain';
import { anthropic } from './anthropic/vendor.js';
import { bedrock } from './bedrock/vendor.js';
import { cohere } from './cohere/vendor.js';
import { gemini, vertex } from './gemini/vendor.js';
import { azure, compatible, mistral, openai } from './openai/profiles.js';
import type { Vendor } from './vendor.js';

export const vendors: Readonly<Record<Provider, Vendor>> = {
  openai,
  'azure.openai': azure,
  'openai-compatible': compatible,
  vllm: compatible,
  ollama: compatible,
  mistral,
  anthropic,
  'aws.bedrock': bedrock,
  'google.vertex': vertex,
  'google.gemini': gemini,
  cohere,
};
