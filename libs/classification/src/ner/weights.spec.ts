import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { BUCKETS, labels } from './features.js';
import { PACKED, weights } from './weights.js';

interface Manifest {
  readonly buckets: number;
  readonly labels: readonly string[];
  readonly weightsSha256: string;
  readonly listsSha256: string;
}

/** As the file holds them: a byte a label, bucket by bucket. */
function unpacked(packed: Int32Array): Int8Array {
  return Int8Array.from({ length: BUCKETS * labels.length }, (_, at) => {
    const label = at % labels.length;
    const row = packed[((at - label) / labels.length) * PACKED + (label >> 2)] ?? 0;
    return ((row >>> ((label & 3) * 8)) & 0xff) - 128;
  });
}

describe('the weights of the tagger', () => {
  it('are the ones that the manifest names', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../model/names.json', import.meta.url), 'utf8')) as Manifest;
    expect(createHash('sha256').update(unpacked(weights())).digest('hex')).toBe(manifest.weightsSha256);
    const lists = readFileSync(new URL('../../model/lists.bin', import.meta.url));
    expect(createHash('sha256').update(lists).digest('hex')).toBe(manifest.listsSha256);
    expect(manifest.labels).toEqual(labels);
    expect(manifest.buckets).toBe(BUCKETS);
  });
});
