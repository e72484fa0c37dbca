import type { Capability, Provider, Strategy } from '@writ/domain';
import { type UserError, UserErrorCode, recordOf, userError } from './schema/building-blocks.js';
import type { AliasTargetInput, RegisterEndpointInput, UpdateEndpointInput } from './schema/catalogue.types.js';

export const providers = [
  'openai',
  'azure.openai',
  'anthropic',
  'aws.bedrock',
  'google.vertex',
  'google.gemini',
  'cohere',
  'mistral',
  'ollama',
  'vllm',
  'openai-compatible',
] as const satisfies readonly Provider[];

export const aliasStrategies = [
  'ordered',
  'weighted',
  'least-cost',
  'lowest-latency',
  'capability-fit',
  'sticky',
] as const satisfies readonly Strategy[];
export const capabilities = [
  'image',
  'audio',
  'file',
  'tools',
  'json-schema',
  'reasoning',
] as const satisfies readonly Capability[];

/** `capability-fit+least-cost`: strategies in the order in which they decide. Undefined when a word is unknown or repeated. */
export function strategiesIn(text: string): readonly Strategy[] | undefined {
  const found = text.split('+').map((word) => aliasStrategies.find((known) => known === word));
  const known = found.filter((one) => one !== undefined);
  return known.length === found.length && new Set(known).size === known.length ? known : undefined;
}
export const itemName = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Binds a sealed provider key to its tenant and row; the provider adapter opens it with the same words. */
export const credentialAad = (tenant: string, id: string): string => `${tenant}|provider_credential|${id}`;

const invalid = (field: string, message: string): UserError => userError(field, UserErrorCode.INVALID, message);

type EndpointFacts = Pick<
  RegisterEndpointInput,
  'name' | 'provider' | 'region' | 'residency' | 'costClass' | 'maxClassification' | 'models' | 'settings'
>;

/** The columns that an update names; null is as good as absent. Address and credentials are the caller's to check first. */
export function endpointChanges(input: UpdateEndpointInput): {
  readonly region?: string;
  readonly residency?: string;
  readonly zeroRetention?: boolean;
  readonly selfHosted?: boolean;
  readonly costClass?: number;
  readonly maxClassification?: number;
  readonly models?: string[];
  readonly settings?: Record<string, string>;
} {
  const { region, residency, zeroRetention, selfHosted, costClass, maxClassification, models, settings } = input;
  return {
    ...(typeof region === 'string' && { region }),
    ...(typeof residency === 'string' && { residency }),
    ...(typeof zeroRetention === 'boolean' && { zeroRetention }),
    ...(typeof selfHosted === 'boolean' && { selfHosted }),
    ...(typeof costClass === 'number' && { costClass }),
    ...(typeof maxClassification === 'number' && { maxClassification }),
    ...(Array.isArray(models) && { models }),
    ...(Array.isArray(settings) && { settings: recordOf(settings) }),
  };
}

export function endpointProblem(input: EndpointFacts): UserError | undefined {
  if (!itemName.test(input.name))
    return invalid('name', 'A name is 1 to 63 of a-z, 0-9 and hyphen, and starts with a letter or digit.');
  if (!providers.some((known) => known === input.provider))
    return invalid('provider', `Choose one of ${providers.join(', ')}.`);
  for (const field of ['region', 'residency'] as const) {
    if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/.test(input[field]))
      return invalid(field, 'Write letters, digits and hyphens, such as eu-central-1 or EU.');
  }
  if (!Number.isInteger(input.costClass) || input.costClass < 0 || input.costClass > 9)
    return invalid('costClass', 'A cost class is 0 (cheapest) to 9.');
  if (!Number.isInteger(input.maxClassification) || input.maxClassification < 0 || input.maxClassification > 1000)
    return invalid('maxClassification', 'A clearance is 0 to 1000.');
  if (
    input.models.length === 0 ||
    input.models.length > 200 ||
    input.models.some((model) => model === '' || model.length > 128)
  )
    return invalid('models', 'Name 1 to 200 models.');
  if (
    input.settings.length > 20 ||
    input.settings.some(({ name, value }) => !/^[A-Za-z][A-Za-z0-9_.-]{0,62}$/.test(name) || value.length > 1024)
  )
    return invalid('settings', 'At most 20 settings, each a name and up to 1,024 characters.');
  return undefined;
}

export const notFound = (field: string, what: string): UserError =>
  userError(field, UserErrorCode.NOT_FOUND, `There is no such ${what}.`);
export const badName = userError(
  'name',
  UserErrorCode.INVALID,
  'A name is 1 to 63 of a-z, 0-9 and hyphen, and starts with a letter or digit.',
);

/** What is wrong with a candidate's own declarations, whichever endpoint it names. */
export function candidateProblem(input: AliasTargetInput, at: number): UserError | undefined {
  const field = (name: string): string => `candidates.${at}.${name}`;
  if (input.weight < 0 || input.weight > 1000) return invalid(field('weight'), 'A weight is 0 to 1000.');
  if (typeof input.contextLength === 'number' && (input.contextLength < 1 || input.contextLength > 100_000_000))
    return invalid(field('contextLength'), 'A context length is 1 to 100,000,000 tokens.');
  if (input.capabilities?.some((name) => !capabilities.some((known) => known === name)))
    return invalid(field('capabilities'), `Choose of ${capabilities.join(', ')}.`);
  return undefined;
}
