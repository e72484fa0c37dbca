import { describe, expect, it } from '@jest/globals';
import { noObligations, type Alias, type Capability, type Endpoint, type EndpointId, type Permit } from '@writ/domain';
import { choose, localHealth, type RouteNeeds } from './index.js';

const names = ['small', 'large', 'seeing', 'silent'] as const;
const endpoints = names.map(
  (id, at) => ({ id: id as string as EndpointId, costClass: at, models: ['m'], keys: [] }) as unknown as Endpoint,
);
const permit = (...ids: readonly string[]): Permit => ({
  effect: 'permit',
  authorizedEndpoints: ids as unknown as readonly EndpointId[],
  obligations: noObligations,
  policy: { name: 'p', version: 1, hash: '', engine: '' },
  matched: [],
  factsHash: '',
  catalogueHash: '',
});
const declared: Readonly<Record<string, { contextLength?: number; capabilities?: readonly Capability[] }>> = {
  small: { contextLength: 1_000, capabilities: ['tools', 'json-schema'] },
  large: { contextLength: 100_000, capabilities: ['tools'] },
  seeing: { contextLength: 50_000, capabilities: ['image', 'tools', 'reasoning'] },
};
const alias = (strategy: Alias['strategy'], ...ids: readonly string[]): Alias => ({
  name: 'fast',
  strategy,
  candidates: ids.map((id) => ({ endpoint: id as EndpointId, model: 'm', weight: 1, ...declared[id] })),
});

function first(strategy: Alias['strategy'], needs: Partial<RouteNeeds>, allowed: readonly string[] = names): string {
  const chosen = choose(
    permit(...allowed),
    { model: 'fast', aliases: [alias(strategy, ...names)], endpoints, random: () => 0.5, nowMs: 0, ...needs },
    localHealth(),
  );
  return chosen.ok ? (chosen.value.next(undefined, 0)?.endpoint.id ?? 'none') : chosen.error;
}

describe('capability-fit', () => {
  it.each<[string, Partial<RouteNeeds>, string]>([
    ['a text', {}, 'small'],
    ['a JSON schema', { capabilities: ['json-schema'] }, 'small'],
    ['a long text', { tokens: 2_000 }, 'large'],
    ['an image', { capabilities: ['image'] }, 'seeing'],
    ['reasoning with tools', { capabilities: ['reasoning', 'tools'] }, 'seeing'],
    ['a sound, that only one may be able to', { capabilities: ['audio'] }, 'silent'],
    ['a very long text, that only one may hold', { tokens: 200_000 }, 'silent'],
  ])('sends %s to the first that declares it, and to one that declares nothing last', (_, needs, expected) => {
    expect(first('capability-fit', needs)).toBe(expected);
  });

  it('refuses with no-capable-endpoint, rather than send where it cannot be served', () => {
    expect(first('capability-fit', { capabilities: ['image'] }, ['small', 'large'])).toBe('no-capable-endpoint');
  });

  it('S8: never looks outside the permit for a better fit', () => {
    expect(first('capability-fit', { capabilities: ['image'] }, ['small', 'silent'])).toBe('silent');
  });

  it('does not bind the other strategies', () => {
    expect(first('ordered', { capabilities: ['image'] })).toBe('small');
  });
});

describe('a combination', () => {
  it('lets the earlier decide and the later break its ties', () => {
    const prices = [
      {
        endpoint: 'large' as EndpointId,
        model: 'm',
        inputMicrosPerMillion: '1',
        outputMicrosPerMillion: '1',
        version: '1',
      },
    ];
    expect(first(['capability-fit', 'least-cost'], { capabilities: ['tools'], prices })).toBe('large');
    expect(first(['capability-fit', 'least-cost'], { capabilities: ['image'], prices })).toBe('seeing');
    expect(first(['least-cost', 'ordered'], { prices })).toBe('large');
  });
});

describe('sticky', () => {
  const conversations = Array.from({ length: 400 }, (_, at) => `conversation-${at}`);

  it('sends a conversation to the same candidate every time, and conversations to all of them', () => {
    const where = conversations.map((conversation) => first('sticky', { conversation, random: () => 0 }));
    expect(conversations.map((conversation) => first('sticky', { conversation, random: () => 0.9 }))).toEqual(where);
    for (const name of names) expect(where.filter((one) => one === name).length).toBeGreaterThan(50);
  });

  it('moves only the conversations of a candidate that is no longer authorized', () => {
    const left = names.filter((name) => name !== 'large');
    for (const conversation of conversations) {
      const before = first('sticky', { conversation });
      if (before !== 'large') expect(first('sticky', { conversation }, left)).toBe(before);
    }
  });
});
