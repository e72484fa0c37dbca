import { describe, expect, it } from '@jest/globals';
import type { Classification, Leaf } from '@writ/domain';
import { classify } from './classify.js';
import { LeafCache } from './leaf-cache.js';
import { bundleOf } from './taxonomy/taxonomy.js';
import { aLeaf, aTaxonomy, key, options } from './testing/samples.js';

const pieces = [
  'Please write to Maria Garcia at maria.garcia@example.org before noon, she waits for it.',
  'The patient was admitted with chest pain on 3 March 2021, aged 54, and discharged a week later.',
  'The key is AKIAIOSFODNN7ABCDEFG and nothing else is in this message at all, I promise.',
  'The quick brown fox jumps over the lazy dog while it rains on the other side of the hill.',
  'Her card 4111 1111 1111 1111 was charged twice on the same evening, so she called the bank.',
  'We met in Paris; the weather was fine and the museums were open until late that evening.',
];

function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % limit;
  };
}

/** A conversation of some leaves, in several roles and under several keys. */
function aConversation(pick: (limit: number) => number): readonly Leaf[] {
  return Array.from({ length: 1 + pick(6) }, (_, index) => {
    const text = `${pieces[pick(pieces.length)]!} ${pieces[pick(pieces.length)]!}`;
    const role = (['user', 'assistant', 'tool', 'system', 'definition'] as const)[pick(5)]!;
    const more = pick(3) === 0 ? { key: 'ssn' } : {};
    return aLeaf(text, { path: `/messages/${index}/content`, role, ...more });
  });
}

function withCache(leaves: readonly Leaf[], cache: LeafCache, tenant = 'a', digestKey = key): Classification {
  return classify(leaves, aTaxonomy(), { ...options(), digestKey, memory: { cache, tenant } });
}

describe('the cache of leaves', () => {
  it('never changes a result, whatever was remembered before', () => {
    const pick = random(5);
    const cache = new LeafCache({ bytes: 60_000, tenantBytes: 30_000 });
    for (let round = 0; round < 60; round += 1) {
      const leaves = aConversation(pick);
      const tenant = ['a', 'b'][pick(2)]!;
      expect(withCache(leaves, cache, tenant)).toEqual(classify(leaves, aTaxonomy(), options()));
    }
  });

  it('reads a leaf once, and not again with the next turn', () => {
    const cache = new LeafCache();
    const memory = cache.of('a', bundleOf(aTaxonomy()), key);
    const leaf = aLeaf(pieces[0]!);
    const name = memory.nameOf(leaf)!;
    expect(memory.recall(name)).toBeUndefined();
    withCache([leaf], cache);
    expect(memory.recall(name)?.found.map((each) => each.type)).toContain('EMAIL');
  });

  it('is not shared between tenants, keys, taxonomies, roles or field names', () => {
    const cache = new LeafCache();
    const leaf = aLeaf(pieces[0]!);
    withCache([leaf], cache);
    const bundle = bundleOf(aTaxonomy());
    const stricter = bundleOf(aTaxonomy({ thresholds: { PII: 1 } }));
    const others = [
      cache.of('b', bundle, key).recall(cache.of('b', bundle, key).nameOf(leaf)!),
      ...[
        cache.of('a', bundle, new Uint8Array(32)).nameOf(leaf)!,
        cache.of('a', stricter, key).nameOf(leaf)!,
        cache.of('a', bundle, key).nameOf({ ...leaf, role: 'tool' })!,
        cache.of('a', bundle, key).nameOf({ ...leaf, key: 'ssn' })!,
        cache.of('a', bundle, key).nameOf({ ...leaf, fixed: true })!,
      ].map((name) => cache.of('a', bundle, key).recall(name)),
    ];
    expect(others.every((each) => each === undefined)).toBe(true);
  });

  it('keeps to its room, and one tenant does not push out another', () => {
    const cache = new LeafCache({ bytes: 20_000, tenantBytes: 8_000 });
    const kept = aLeaf(pieces[3]!);
    withCache([kept], cache, 'quiet');
    for (let round = 0; round < 200; round += 1) withCache([aLeaf(`${pieces[0]!} ${round}`)], cache, 'loud');
    expect(cache.bytes).toBeLessThanOrEqual(20_000);
    const memory = cache.of('quiet', bundleOf(aTaxonomy()), key);
    expect(memory.recall(memory.nameOf(kept)!)).toBeDefined();
  });

  it('remembers nothing that was not read to its end', () => {
    const cache = new LeafCache();
    const leaf = aLeaf(`${pieces[0]!} `.repeat(2_000));
    let looks = 0;
    const late = { ...options(() => (looks += 1) > 2), memory: { cache, tenant: 'a' } };
    expect(classify([leaf], aTaxonomy(), late).incompleteBecause).toEqual(['budget:time']);
    expect(cache.bytes).toBe(0);
  });

  it('holds no content', () => {
    const cache = new LeafCache();
    withCache([aLeaf(pieces[0]!)], cache);
    const memory = cache.of('a', bundleOf(aTaxonomy()), key);
    expect(JSON.stringify(memory.recall(memory.nameOf(aLeaf(pieces[0]!))!))).not.toMatch(/maria|garcia/i);
  });
});
