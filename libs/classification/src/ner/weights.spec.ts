import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { BUCKETS, labels } from './features.js';
import { weights } from './weights.js';

interface Manifest {
  readonly buckets: number;
  readonly labels: readonly string[];
  readonly weightsSha256: string;
  readonly listsSha256: string;
}

describe('the weights of the tagger', () => {
  it('are the ones that the manifest names', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../model/names.json', import.meta.url), 'utf8')) as Manifest;
    expect(createHash('sha256').update(weights()).digest('hex')).toBe(manifest.weightsSha256);
    const lists = readFileSync(new URL('../../model/lists.bin', import.meta.url));
    expect(createHash('sha256').update(lists).digest('hex')).toBe(manifest.listsSha256);
    expect(manifest.labels).toEqual(labels);
    expect(manifest.buckets).toBe(BUCKETS);
  });
});
