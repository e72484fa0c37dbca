import type { Endpoint, PolicyRef } from '@writ/domain';
import { hashOf } from './canonical.js';
import { type LinkedLayer, linkLayer } from './link-layer.js';
import type { PolicyImage } from './image.js';
import { policyLimits } from './limits.js';

/** An image joined with an endpoint catalogue: every endpoint expression is a bitmap. */
export interface LinkedPolicy {
  readonly image: PolicyImage;
  readonly catalogueHash: string;
  /** Ms since the epoch at which an assurance starts or ends, so that the link must be made anew. */
  readonly validUntilMs: number;
  /** The last such moment before; facts older than this need a link of their own. */
  readonly validFromMs: number;
  readonly linkedAtMs: number;
  readonly endpoints: readonly Endpoint[];
  /** The layer that no tenant can remove: its endpoints are intersected with the tenant's. */
  readonly platform: PolicyImage | undefined;
  /** How decisions name the policy, and the platform's above it. */
  readonly ref: PolicyRef;
  /** No other link of this process has it. */
  readonly number: number;
  /** The layers as the engine reads them, the platform's first. */
  readonly layers: readonly { readonly name: 'platform' | 'tenant'; readonly linked: LinkedLayer }[];
}

let links = 0;

/** Joins a policy, and the platform's own where the operators have one, with the tenant's endpoints as of `atMs`. */
export function link(
  image: PolicyImage,
  endpoints: readonly Endpoint[],
  atMs: number,
  platform?: PolicyImage,
): LinkedPolicy {
  if (endpoints.length > policyLimits.endpoints)
    throw new Error(`a catalogue may have ${policyLimits.endpoints} endpoints`);
  // A decision names endpoints by their ids: of two with one id, one would be reached by the other's permit.
  if (new Set(endpoints.map(({ id }) => id)).size < endpoints.length) throw new Error('two endpoints have the same id');
  const sorted = endpoints.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  let validFromMs = -Infinity;
  let validUntilMs = Infinity;
  for (const { assurances } of sorted) {
    for (const { validFrom, validUntil } of assurances) {
      for (const edge of [validFrom, validUntil]) {
        if (edge <= atMs) validFromMs = Math.max(validFromMs, edge);
        else validUntilMs = Math.min(validUntilMs, edge);
      }
    }
  }
  const layerOf = (name: 'platform' | 'tenant', { words }: PolicyImage) => ({
    name,
    linked: linkLayer(words, sorted, atMs),
  });
  return Object.freeze({
    image,
    platform,
    ref: refOf(image, platform),
    number: (links += 1),
    layers: [...(platform === undefined ? [] : [layerOf('platform', platform)]), layerOf('tenant', image)],
    endpoints: sorted,
    catalogueHash: catalogueHash(sorted),
    linkedAtMs: atMs,
    validFromMs,
    validUntilMs,
  });
}

const engine = 'wpl/1.0';

function refOf({ name, version, hash }: PolicyImage, platform: PolicyImage | undefined): PolicyRef {
  const above = platform === undefined ? '' : ` under ${platform.name}@${platform.version} ${platform.hash}`;
  return Object.freeze({ name, version, hash, engine: `${engine}${above}` });
}

/** Over what policy can see of the endpoints, in canonical JSON; addresses, keys and settings are not part of it. */
function catalogueHash(endpoints: readonly Endpoint[]): string {
  const visible = endpoints.map((endpoint) => ({
    assurances: endpoint.assurances.map(({ name, validFrom, validUntil }) => ({ name, validFrom, validUntil })),
    costClass: endpoint.costClass,
    id: endpoint.id,
    maxClassification: endpoint.maxClassification,
    models: endpoint.models,
    provider: endpoint.provider,
    region: endpoint.region,
    residency: endpoint.residency,
    selfHosted: endpoint.selfHosted,
    zeroRetention: endpoint.zeroRetention,
  }));
  return hashOf(JSON.stringify(visible));
}
