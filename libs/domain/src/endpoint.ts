import type { EndpointId } from './ids.js';

export type Provider =
  | 'openai'
  | 'azure.openai'
  | 'anthropic'
  | 'aws.bedrock'
  | 'google.vertex'
  | 'google.gemini'
  | 'cohere'
  | 'mistral'
  | 'ollama'
  | 'vllm'
  | 'openai-compatible';

/** A certificate or contract, such as a BAA, with the days it holds. Times are ms since the epoch. */
export interface Assurance {
  readonly name: string;
  readonly validFrom: number;
  readonly validUntil: number;
  /** The tenant's document that proves it. */
  readonly document?: string;
}

/** A key of an endpoint's pool. The secret itself stays encrypted in the snapshot under the tenant's key. */
export interface EndpointKey {
  readonly id: string;
  /** Ciphertext from `SealedSecret`; opened by the provider adapter through the KMS port, for one call. */
  readonly sealed: string;
}

/** One provider at one address in one region under one contract, with its key pool and models. */
export interface Endpoint {
  readonly id: EndpointId;
  readonly provider: Provider;
  readonly baseUrl: string;
  readonly region: string;
  readonly residency: string;
  readonly assurances: readonly Assurance[];
  readonly zeroRetention: boolean;
  readonly selfHosted: boolean;
  /** 0 cheapest to 9. */
  readonly costClass: number;
  /** Clearance a subject needs; 0 for everyone. */
  readonly maxClassification: number;
  readonly models: readonly string[];
  readonly keys: readonly EndpointKey[];
  /** Azure deployment, API version, AWS region and the like, by provider. */
  readonly settings: Readonly<Record<string, string>>;
}
