import { describe, expect, it } from '@jest/globals';
import type { ClearedPrompt } from '@writ/classification';
import type { Permit } from '@writ/domain';
import type { DecisionRecord, DispatchRecord, LogContext, Receipt } from '@writ/ledger';
import type { AuthorizedEndpoint } from '@writ/routing';
import { createProviders, type Proofs, retryAfter } from './call.js';

const genuine: Proofs = { isReceipt: () => true, isAuthorizedBy: () => true, isCleared: () => true };

function call(
  proofs: Partial<Proofs>,
  more: { effect?: string; request?: string; dispatch?: object } = {},
): Promise<unknown> {
  const providers = createProviders({
    proofs: { ...genuine, ...proofs },
    dispatcherFor: () => {
      throw new Error('dialled');
    },
    openKey: async () => 'secret',
  });
  const record = { id: 'd', request: 'r', decision: { effect: more.effect ?? 'permit' } };
  const ask = { request: more.request ?? 'r', dialect: 'openai.chat', stream: false, body: {} };
  return providers.call(
    { record } as unknown as Receipt<DecisionRecord<Permit>>,
    { id: 'e', provider: 'openai', baseUrl: 'https://x.example/v1', settings: {} } as unknown as AuthorizedEndpoint,
    { ask, source: '{"model":"m"}' } as unknown as ClearedPrompt,
    {
      model: 'm',
      key: undefined,
      log: {} as LogContext,
      dispatch: more.dispatch as Receipt<DispatchRecord> | undefined,
      maxOutputTokens: undefined,
      signal: new AbortController().signal,
    },
  );
}

describe('nothing is sent', () => {
  it('without a committed permit, whatever a cast says', async () => {
    await expect(call({ isReceipt: () => false })).rejects.toThrow('no committed decision');
    await expect(call({}, { effect: 'deny' })).rejects.toThrow('no permit');
  });

  it('to an endpoint outside the permit', async () => {
    await expect(call({ isAuthorizedBy: () => false })).rejects.toThrow('does not authorize');
  });

  it('that was not cleared', async () => {
    await expect(call({ isCleared: () => false })).rejects.toThrow('not cleared');
  });

  it('under the permit of another request', async () => {
    await expect(call({}, { request: 'another' })).rejects.toThrow('another request');
  });

  it('under the dispatch record of another endpoint', async () => {
    const dispatch = { record: { request: 'r', endpoint: 'other' } };
    await expect(call({}, { dispatch })).rejects.toThrow('not for this attempt');
  });

  it('unless all of that holds', async () => {
    await expect(call({})).rejects.toThrow('dialled');
  });
});

describe('Retry-After', () => {
  it('is read as seconds, as milliseconds, and as a date by the provider’s clock', () => {
    const date = 'Sat, 01 Nov 2026 10:00:00 GMT';
    expect(retryAfter({ 'retry-after': '7' })).toBe(7);
    expect(retryAfter({ 'retry-after-ms': '1500', 'retry-after': '7' })).toBe(1.5);
    expect(retryAfter({ 'retry-after': 'Sat, 01 Nov 2026 10:00:30 GMT', date })).toBe(30);
    expect(retryAfter({ 'retry-after': 'soon', date })).toBeUndefined();
    expect(retryAfter({})).toBeUndefined();
  });
});
