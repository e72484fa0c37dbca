import { type Endpoint, type Provider, parseEndpointId } from '@writ/domain';
import { sample } from './given.js';
import type { Tree } from './source-tree.js';
import type { TreeReader } from './tree-reader.js';

const keys = [
  'id',
  'provider',
  'region',
  'residency',
  'certs',
  'cost_class',
  'max_classification',
  'zero_retention',
  'self_hosted',
  'models',
];
const providers: readonly Provider[] = [
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
];

/** An endpoint of a document's fixtures, in the words that rules use. */
export function readFixtureEndpoint(reader: TreeReader, tree: Tree): Endpoint {
  const members = reader.members(tree, 'an endpoint', keys);
  const id = reader.text(members.get('id')?.value, "'id'");
  const parsed = parseEndpointId(id);
  if (!parsed.ok) reader.complaints.error(tree.at, 'E_TYPE', parsed.error);
  const isTrue = (key: string) => reader.choice(members.get(key)?.value, 'answer', ['true', 'false']) === 'true';
  const optional = (key: string) => {
    const value = members.get(key)?.value;
    return value === undefined ? {} : { [key]: reader.text(value, `'${key}'`) };
  };
  return sample(id, {
    provider: reader.choice(members.get('provider')?.value, 'provider', providers) ?? 'openai-compatible',
    ...optional('region'),
    ...optional('residency'),
    certs: reader.texts(members.get('certs')),
    models: reader.texts(members.get('models')),
    costClass: reader.integer(members.get('cost_class'), 0, 9) ?? 0,
    maxClassification: reader.integer(members.get('max_classification'), 0, 1_000) ?? 0,
    zeroRetention: isTrue('zero_retention'),
    selfHosted: isTrue('self_hosted'),
  });
}
