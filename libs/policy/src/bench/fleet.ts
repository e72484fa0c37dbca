import { createHash } from 'node:crypto';
import type { Endpoint, EndpointId } from '@writ/domain';
import { byEngine } from '../decide.js';
import { readDocument } from '../document.js';
import { evaluateAll } from '../evaluation.js';
import { imageOf } from '../image.js';
import { link } from '../link.js';
import { packImage, unpackImage } from '../pack.js';
import { type Figure, at, cpuMs, timeCalls } from './measure.js';
import { benchDocument, benchEndpoints, benchFacts } from './tenant.js';

const now = Date.UTC(2026, 6, 1);
const tenants = 10_000;

/** Ten thousand tenants, each with a catalogue of its own, as a gateway that starts finds them in signed snapshots. */
export function fleetFigures(): readonly Figure[] {
  const documents = Array.from({ length: 64 }, (_, seed) => {
    const document = readDocument(benchDocument(30 + ((seed * 7) % 45), seed));
    if (!document.ok) throw new Error(JSON.stringify(document.error));
    return document.value;
  });
  const catalogues = Array.from({ length: tenants }, (_, tenant) => catalogueOf(tenant));
  const facts = benchFacts(4_096);
  const policies: ReturnType<typeof link>[] = [];
  const images: ReturnType<typeof imageOf>[] = [];
  const compiled = cpuMs(() => {
    for (let tenant = 0; tenant < tenants; tenant += 1) images.push(imageOf(at(documents, tenant), 1));
  });
  const packed = images.map((image) => Buffer.from(packImage(image)).toString('base64'));
  let bytes = 0;
  let rules = 0;
  for (const [tenant, image] of images.entries()) {
    bytes += image.words.byteLength;
    rules += at(documents, tenant).program.rules.length;
  }
  const loadedImages: ReturnType<typeof imageOf>[] = [];
  const loaded = cpuMs(() => {
    for (const text of packed) {
      const image = unpackImage(Buffer.from(text, 'base64'));
      if (!image.ok) throw new Error(image.error);
      loadedImages.push(image.value);
    }
  });
  const linked = cpuMs(() => {
    for (const [tenant, image] of loadedImages.entries()) policies.push(link(image, at(catalogues, tenant), now));
  });
  let next = 1;
  const random = timeCalls(facts, 100_000, 1, (one) => {
    next = (next * 48_271) % 2_147_483_647;
    return evaluateAll(byEngine, at(policies, next), one, [one.subject], 'none');
  });
  return [
    { name: 'rules of a tenant, mean', value: rules / tenants, unit: 'rules' },
    { name: 'image of a tenant, mean', value: bytes / tenants, unit: 'bytes' },
    { name: 'images in a GiB', value: 2 ** 30 / (bytes / tenants), unit: 'tenants', goal: 150_000, rising: true },
    { name: '10,000 packed images loaded and checked', value: loaded / 1_000, unit: 'CPU s' },
    { name: '10,000 linked with 20 endpoints of their own', value: linked / 1_000, unit: 'CPU s' },
    { name: '10,000 tenants ready, from packed images', value: (loaded + linked) / 1_000, unit: 'CPU s', goal: 2 },
    { name: '10,000 compiled from rules instead, without a link', value: compiled / 1_000, unit: 'CPU s' },
    { name: 'evaluation, random tenant of 10,000, p99', value: random.p99, unit: 'us', goal: 25 },
  ];
}

/** Ids and regions of the tenant's own, so that no two tenants could share a link. */
function catalogueOf(tenant: number): readonly Endpoint[] {
  const own = createHash('sha256').update(String(tenant)).digest('hex').slice(0, 8);
  return benchEndpoints(20).map((endpoint) => ({
    ...endpoint,
    id: `${own}-${endpoint.id}` as EndpointId,
    region: `${endpoint.region}-${own}`,
  }));
}
