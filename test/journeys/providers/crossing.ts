import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import OpenAI from 'openai';
import type { Endpoint, Provider, Usage } from '@writ/domain';
import { startSimulator, type Simulator } from '@writ/simulator';
import { anEndpoint } from '../../support/index.js';
import { openPassage, type Passage } from './passage.js';

/** Every vendor that speaks a wire of its own, and how its endpoint is written. */
const vendors: readonly (readonly [
  Provider,
  (root: string) => { baseUrl: string; settings?: Record<string, string> },
])[] = [
  ['openai', (root) => ({ baseUrl: `${root}/v1` })],
  ['anthropic', (root) => ({ baseUrl: root })],
  ['google.gemini', (root) => ({ baseUrl: root })],
  ['aws.bedrock', (root) => ({ baseUrl: root, settings: { awsRegion: 'eu-central-1' } })],
  ['cohere', (root) => ({ baseUrl: root })],
  ['azure.openai', (root) => ({ baseUrl: root })],
  ['mistral', (root) => ({ baseUrl: `${root}/mistral/v1` })],
  ['vllm', (root) => ({ baseUrl: `${root}/v1` })],
  ['ollama', (root) => ({ baseUrl: `${root}/v1` })],
  ['openai-compatible', (root) => ({ baseUrl: `${root}/v1` })],
  ['google.vertex', (root) => ({ baseUrl: root, settings: { project: 'p', location: 'europe-west4' } })],
];

/** The simulated vendor as an endpoint of a tenant. */
export function endpointOf(provider: Provider, at: Simulator, name = 'it'): Endpoint {
  const where = vendors.find(([known]) => known === provider)?.[1];
  if (!where) throw new Error(provider);
  return anEndpoint(name, {
    provider,
    models: ['the-model'],
    keys: [{ id: 'k', sealed: provider === 'google.vertex' ? at.serviceAccount : 'AKIASIM:secret' }],
    ...where(at.urls.models),
  });
}

export let simulator: Simulator;
const passages = new Map<Provider, Passage>();
/** Opens one passage a vendor, all in front of one simulator, for the tests of a file. */
export function openCrossing(): void {
  beforeAll(async () => {
    simulator = await startSimulator();
    for (const provider of names) {
      const endpoint = endpointOf(provider, simulator);
      passages.set(provider, await openPassage(endpoint, [new URL(simulator.urls.models).host]));
    }
  });
  beforeEach(() => {
    simulator.forget();
    simulator.clearScripts();
  });
  afterAll(async () => {
    await Promise.all([...passages.values()].map((passage) => passage.stop()));
    await simulator.stop();
  });
}

export const names = vendors.map(([provider]) => provider);
export function through(provider: Provider): Passage {
  const passage = passages.get(provider);
  if (!passage) throw new Error(provider);
  return passage;
}
export function openai(provider: Provider): OpenAI {
  return new OpenAI({ apiKey: 'ours', baseURL: `${through(provider).url}/v1`, maxRetries: 0 });
}
export function anthropic(provider: Provider): Anthropic {
  return new Anthropic({ apiKey: 'ours', baseURL: through(provider).url, maxRetries: 0 });
}
export function usage(provider: Provider): Usage | undefined {
  const parts = through(provider).last.events.flatMap((event) => event.parts);
  return parts.findLast((part) => part.kind === 'usage')?.usage;
}

export const schema = { type: 'object' as const, properties: { query: { type: 'string' } } };
export const chatTools = ['find', 'other'].map((name) => ({
  type: 'function' as const,
  function: { name, description: `the ${name} tool`, parameters: schema },
}));
export const messageTools = ['find', 'other'].map((name) => ({
  name,
  description: `the ${name} tool`,
  input_schema: schema,
}));
