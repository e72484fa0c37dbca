import { describe, expect, it } from '@jest/globals';
import type { EndpointId, Price, Usage } from '@writ/domain';
import { costAtMost, costMicros, priceOf } from './price.js';

const here = 'here' as EndpointId;

function aPrice(more: Partial<Price> = {}): Price {
  return { model: 'm', inputMicrosPerMillion: '1000000', outputMicrosPerMillion: '2000000', version: '1', ...more };
}

function aUsage(more: Partial<Usage> = {}): Usage {
  const none = { cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0, estimated: false };
  return { inputTokens: 100, outputTokens: 10, ...none, ...more };
}

describe('a price', () => {
  it('B4: changes at its date and not before, and each keeps its version', () => {
    const prices = [
      aPrice({ version: 'old' }),
      aPrice({ version: 'new', validFrom: 1_000, inputMicrosPerMillion: '7' }),
    ];
    expect(priceOf({ prices }, here, 'm', 999)?.version).toBe('old');
    expect(priceOf({ prices }, here, 'm', 1_000)?.version).toBe('new');
  });

  it('of the endpoint comes before that of the model, whatever is newer', () => {
    const prices = [aPrice({ version: 'own', endpoint: here }), aPrice({ version: 'all', validFrom: 5 })];
    expect(priceOf({ prices }, here, 'm', 10)?.version).toBe('own');
    expect(priceOf({ prices }, 'there' as EndpointId, 'm', 10)?.version).toBe('all');
  });

  it('B4: that is missing is none, or the dearest of the tenant where the tenant says so', () => {
    const prices = [aPrice(), aPrice({ model: 'n', outputMicrosPerMillion: '9000000', inputMicrosPerMillion: '5' })];
    expect(priceOf({ prices }, here, 'x', 0)).toBeUndefined();
    expect(priceOf({ prices, unpricedModels: 'refuse' }, here, 'x', 0)).toBeUndefined();
    expect(priceOf({ prices, unpricedModels: 'dearest' }, here, 'x', 0)).toEqual({
      model: 'x',
      inputMicrosPerMillion: '1000000',
      outputMicrosPerMillion: '9000000',
      version: 'unpriced-at-dearest',
    });
    expect(priceOf({ prices: [], unpricedModels: 'dearest' }, here, 'x', 0)).toBeUndefined();
  });

  it.each(['', '-1', '1.5', '1e3', 'free', '9'.repeat(30)])('B4: of %j in any of its rates is no price', (bad) => {
    const rates = [
      'inputMicrosPerMillion',
      'outputMicrosPerMillion',
      'cacheReadMicrosPerMillion',
      'cacheWriteMicrosPerMillion',
      'reasoningMicrosPerMillion',
    ] as const;
    for (const rate of rates) {
      expect(costMicros(aUsage(), aPrice({ [rate]: bad }))).toBeUndefined();
      expect(costAtMost(aPrice({ [rate]: bad }), 1, 1)).toBeUndefined();
      expect(priceOf({ prices: [aPrice({ [rate]: bad })], unpricedModels: 'dearest' }, here, 'x', 0)).toBeUndefined();
    }
  });
});

describe('a cost', () => {
  it('counts cached and thinking tokens at their own rates, and at the whole’s where there is none', () => {
    const usage = aUsage({ cacheReadTokens: 40, cacheWriteTokens: 10, reasoningTokens: 4 });
    expect(costMicros(usage, aPrice())).toBe(120n);
    const own = aPrice({
      cacheReadMicrosPerMillion: '100000',
      cacheWriteMicrosPerMillion: '1250000',
      reasoningMicrosPerMillion: '3000000',
    });
    expect(costMicros(usage, own)).toBe(50n + 4n + 13n + 12n + 12n);
  });

  it('of a part larger than its whole is that of the part', () => {
    expect(costMicros(aUsage({ inputTokens: 1, cacheReadTokens: 500 }), aPrice())).toBe(520n);
  });

  it('is never above the most that so many tokens can cost', () => {
    const price = aPrice({ cacheWriteMicrosPerMillion: '1250000', reasoningMicrosPerMillion: '4000000' });
    for (const part of [0, 1, 50, 100]) {
      const usage = aUsage({ cacheWriteTokens: part, cacheReadTokens: 100 - part, reasoningTokens: part / 10 });
      const cost = costMicros({ ...usage, reasoningTokens: Math.floor(part / 10) }, price)!;
      expect(cost <= costAtMost(price, 100, 10)!).toBe(true);
    }
  });

  it('is rounded up', () => {
    expect(costMicros(aUsage({ inputTokens: 1, outputTokens: 0 }), aPrice({ inputMicrosPerMillion: '1' }))).toBe(1n);
  });
});
