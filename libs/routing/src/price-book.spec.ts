import { describe, expect, it } from '@jest/globals';
import type { EndpointId, Price } from '@writ/domain';
import { pricesAt, type PriceBook } from './price-book.js';
import { priceOf } from './price.js';

const here = { id: 'here' as EndpointId, provider: 'openai' as const };
const rates = { inputMicrosPerMillion: '2500000', outputMicrosPerMillion: '10000000' };
const book: PriceBook = {
  version: 'book-1',
  source: 'test',
  providers: {
    openai: [
      {
        model: 'gpt-test',
        match: { or: [{ equals: 'gpt-test' }, { regex: '^gpt-test-\\d{4}$' }, { starts_with: 'ft:gpt-test' }] },
        contextLength: 128_000,
        prices: [rates, { ...rates, inputMicrosPerMillion: '1000000', validFrom: '2026-01-01' }],
      },
    ],
  },
};
const own: Price = { model: 'gpt-test', inputMicrosPerMillion: '7', outputMicrosPerMillion: '8', version: 'own' };
const newYear = Date.UTC(2026, 0, 1);

function inputAt(prices: readonly Price[], atMs: number): string | undefined {
  return priceOf({ prices }, here.id, 'gpt-test', atMs)?.inputMicrosPerMillion;
}

describe('the prices of a model at an endpoint', () => {
  it('are the book’s where the tenant has none, each from its day, with the book’s version', () => {
    const prices = pricesAt(here, 'gpt-test', [], book);
    expect([inputAt(prices, newYear - 1), inputAt(prices, newYear)]).toEqual(['2500000', '1000000']);
    expect(prices).toMatchObject([{ version: 'book-1', contextLength: 128_000 }, { endpoint: 'here' }]);
  });

  it('are the tenant’s alone where they hold since ever, and it still knows how much the model holds', () => {
    const prices = pricesAt(here, 'gpt-test', [own], book);
    expect(prices).toEqual([{ ...own, endpoint: 'here', contextLength: 128_000 }]);
  });

  it('B4: change in the middle of a month from the book’s to the tenant’s, and not back', () => {
    const middle = Date.UTC(2025, 11, 15);
    const prices = pricesAt(here, 'gpt-test', [{ ...own, validFrom: middle }], book);
    expect([middle - 1, middle, newYear].map((at) => inputAt(prices, at))).toEqual(['2500000', '7', '7']);
  });

  it('of the endpoint come before those of the model', () => {
    const special: Price = { ...own, endpoint: here.id, inputMicrosPerMillion: '5' };
    expect(inputAt(pricesAt(here, 'gpt-test', [own, special], book), newYear)).toBe('5');
  });

  it.each(['gpt-test-0613', 'ft:gpt-test:acme'])('are found for %s by the vendor’s own way of naming', (model) => {
    expect(pricesAt(here, model, [], book)).toMatchObject([{ model }, { model }]);
  });

  it('are none for an unknown model, another vendor, or who runs models alone', () => {
    expect(pricesAt(here, 'gpt-test-turbo', [], book)).toEqual([]);
    for (const provider of ['anthropic', 'vllm', 'ollama', 'openai-compatible'] as const)
      expect(pricesAt({ ...here, provider }, 'gpt-test', [], book)).toEqual([]);
    expect(pricesAt({ ...here, provider: 'azure.openai' }, 'gpt-test', [], book)).toHaveLength(2);
  });
});
