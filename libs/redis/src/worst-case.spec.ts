import { describe, expect, it } from '@jest/globals';
import type { Ask, EndpointId, Price, Snapshot } from '@writ/domain';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { inputTokensAtMost, worstCase } from './worst-case.js';

function anAsk(more: Partial<Ask> = {}): Ask {
  const plain: Partial<Ask> = {
    action: 'chat',
    receivedAt: 0,
    model: 'fast',
    source: '',
    leaves: [],
    attachments: [],
    choices: 1,
  };
  return { ...plain, ...more } as Ask;
}

function aPrice(model: string, input: string, output: string, endpoint?: string): Price {
  const price = { model, inputMicrosPerMillion: input, outputMicrosPerMillion: output, version: '1' };
  return endpoint === undefined ? price : { ...price, endpoint: endpoint as EndpointId };
}

function aSnapshot(prices: readonly Price[]): Snapshot {
  const candidates = [
    { endpoint: 'a' as EndpointId, model: 'm', weight: 1 },
    { endpoint: 'b' as EndpointId, model: 'n', weight: 1, contextLength: 500 },
  ];
  const aliases = [{ name: 'fast', strategy: 'ordered', candidates }];
  return { aliases, endpoints: [{ id: 'a', models: ['m'] }], prices } as unknown as Snapshot;
}

const prices = [aPrice('m', '1000000', '2000000'), aPrice('n', '3000000', '1')];

function outputOf(more: Partial<Ask>): number {
  const worst = worstCase(anAsk({ maxOutputTokens: 1_000, ...more }), aSnapshot(prices));
  return worst.ok ? worst.value.outputTokens : -1;
}

function atDearest(known: readonly Price[]): Snapshot {
  return { ...aSnapshot(known), unpricedModels: 'dearest' };
}

describe('whether a model has a price', () => {
  it('B4: is said of all candidates: one that is taken for the dearest is enough for no', () => {
    const ask = anAsk({ maxOutputTokens: 10 });
    expect(worstCase(ask, atDearest(prices))).toMatchObject({ ok: true, value: { priced: true } });
    expect(worstCase(ask, atDearest(prices.slice(0, 1)))).toMatchObject({ ok: true, value: { priced: false } });
    expect(worstCase(ask, aSnapshot(prices.slice(0, 1)))).toEqual({ ok: false, error: 'price-unknown' });
  });
});

describe('the worst case', () => {
  it('is never less than what a tokenizer counts, whatever the script', () => {
    const texts = [
      'plain words, plainly put',
      '漢字仮名交じり文',
      '😀👩‍👩‍👧‍👦',
      'مرحبا',
      'a'.repeat(300),
      '{"a":[1,2,3]}',
      '\u0000\u0001',
      'ḀḁḂ',
    ];
    for (const text of texts) {
      const source = JSON.stringify({ messages: [{ role: 'user', content: text }] });
      expect(inputTokensAtMost(anAsk({ source }))).toBeGreaterThanOrEqual(countTokens(text));
      expect(inputTokensAtMost(anAsk({ source }))).toBeGreaterThanOrEqual(countTokens(source));
    }
  });

  it('is that of the dearest candidate, in whole micro-units rounded up', () => {
    const worst = worstCase(anAsk({ maxOutputTokens: 10, source: 'x'.repeat(84) }), aSnapshot(prices));
    expect(worst).toMatchObject({ ok: true, value: { inputTokens: 100, outputTokens: 10, micros: 301n } });
  });

  it('is at most what the model can give and hold, where the caller names no length, and says so for each candidate', () => {
    const book = [{ ...aPrice('m', '1000000', '2000000'), maxOutputTokens: 4_096, contextLength: 128_000 }, prices[1]!];
    const silent = worstCase(anAsk({ source: 'x'.repeat(1_000) }), aSnapshot(book));
    expect(silent).toMatchObject({
      value: {
        outputLimits: [
          { endpoint: 'a', model: 'm', tokens: 4_096 },
          { endpoint: 'b', model: 'n', tokens: 500 },
        ],
      },
    });
    expect(worstCase(anAsk({ maxOutputTokens: 7 }), aSnapshot(book))).toMatchObject({ value: { outputLimits: [] } });
  });

  it('H19: is priced at the maximum of everything that a request can ask for', () => {
    const most = worstCase(anAsk({ maxOutputTokens: 1_000_000, choices: 8, model: 'm' }), aSnapshot(prices));
    expect(most).toMatchObject({ value: { outputTokens: 8_000_000, micros: 16_000_016n } });
  });

  it('counts a file that is only named as a whole context, and never more than the model can hold', () => {
    const attachments = [{ path: '/0', kind: 'file' as const, bytes: 40 }];
    expect(inputTokensAtMost(anAsk({ attachments }))).toBeGreaterThan(1_000_000);
    const book = [{ ...aPrice('m', '1000000', '0'), contextLength: 1_000 }];
    expect(worstCase(anAsk({ attachments, model: 'm' }), aSnapshot(book))).toMatchObject({
      value: { inputTokens: 1_000 },
    });
  });

  it('counts every choice, and no output for embeddings', () => {
    expect(outputOf({ choices: 4 })).toBe(4_000);
    expect(outputOf({ action: 'embed' })).toBe(0);
  });

  it('prefers the price of the endpoint to that of the model, and takes a concrete model as its own alias', () => {
    const own = aSnapshot([...prices, aPrice('m', '9000000', '0', 'a')]);
    const worst = worstCase(anAsk({ model: 'm', maxOutputTokens: 0, source: '' }), own);
    expect(worst).toMatchObject({ value: { micros: 144n } });
  });

  it('is unknown when any candidate has no price, or one that is no whole number of micro-units', () => {
    for (const bad of ['', '-1', '1.5', '1e3', 'free', '9'.repeat(30)])
      expect(worstCase(anAsk(), aSnapshot([prices[0]!, aPrice('n', bad, '1')]))).toEqual({
        ok: false,
        error: 'price-unknown',
      });
    expect(worstCase(anAsk(), aSnapshot([prices[0]!]))).toEqual({ ok: false, error: 'price-unknown' });
  });
});
