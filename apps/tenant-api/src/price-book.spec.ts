import { describe, expect, it } from '@jest/globals';
import { costMicros, pricesAt, priceOf } from '@writ/routing';
import type { EndpointId } from '@writ/domain';
import { readPriceBook, shippedPriceBook } from './price-book.js';

const endpoint = { id: 'e' as EndpointId, provider: 'openai' as const };
const rates = { inputMicrosPerMillion: '1', outputMicrosPerMillion: '2' };
const bookWith = (price: object): string =>
  JSON.stringify({
    version: 'v',
    source: 's',
    providers: { openai: [{ model: 'm', match: { equals: 'm' }, prices: [{ ...rates, ...price }] }] },
  });

describe('the price book that ships', () => {
  it('prices a known model as its vendor does: 2.50 and 10 dollars a million tokens for gpt-4o', () => {
    const prices = pricesAt(endpoint, 'gpt-4o-2024-08-06', [], shippedPriceBook());
    const price = priceOf({ prices }, endpoint.id, 'gpt-4o-2024-08-06', 0)!;
    expect(price).toMatchObject({ inputMicrosPerMillion: '2500000', outputMicrosPerMillion: '10000000' });
    expect(price.version).toMatch(/^genai-prices-/);
    const none = { cacheWriteTokens: 0, reasoningTokens: 0, estimated: false };
    const usage = { inputTokens: 1_000_000, outputTokens: 1_000_000, cacheReadTokens: 500_000, ...none };
    expect(costMicros(usage, price)).toBe(1_250_000n + 625_000n + 10_000_000n);
  });

  it('counts a long context at its own rates', () => {
    const prices = pricesAt(endpoint, 'gpt-5.4', [], shippedPriceBook());
    const none = { outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0, estimated: false };
    const price = priceOf({ prices }, endpoint.id, 'gpt-5.4', 0)!;
    expect(costMicros({ ...none, inputTokens: 200_000 }, price)).toBe(500_000n);
    expect(costMicros({ ...none, inputTokens: 400_000 }, price)).toBe(2_000_000n);
  });
});

describe('a price book', () => {
  it('is read as it is written', () => {
    expect(readPriceBook(bookWith({}))).toMatchObject({ ok: true });
  });

  it.each([
    { inputMicrosPerMillion: '-1' },
    { outputMicrosPerMillion: '1.5' },
    { cacheReadMicrosPerMillion: '-7' },
    { inputMicrosPerMillion: 5 },
    { validFrom: 'soon' },
    { discount: '1' },
    { longContext: { aboveTokens: -1, ...rates } },
  ])('B4: is refused as a whole with %j in one of its prices', (bad) => {
    expect(readPriceBook(bookWith(bad))).toMatchObject({ ok: false });
  });
});
