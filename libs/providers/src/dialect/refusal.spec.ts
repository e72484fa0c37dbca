import { describe, expect, it } from '@jest/globals';
import { type Dialect, type RefusalCode, refusals } from '@writ/domain';
import { encodeRefusal } from './refusal.js';

const dialects: readonly Dialect[] = ['openai.chat', 'openai.responses', 'anthropic.messages', 'gemini.generate'];
const codes = Object.keys(refusals) as RefusalCode[];

describe.each(dialects)('a refusal in %s', (dialect) => {
  it.each(codes)('%s has the status of the table, says whether to retry, and names the decision', (code) => {
    const refusal = { code, param: '/model', detail: 'rule-7' };
    const { status, headers, body } = encodeRefusal(dialect, refusal, 'request-1', 'decision-1');
    const { retry, message, status: expected } = refusals[code];
    expect(status).toBe(expected);
    expect(headers['x-should-retry']).toBe(String(retry));
    expect(headers['retry-after'] !== undefined).toBe(retry);
    for (const said of [message, 'decision-1', 'request-1', 'rule-7', `docs/errors.md#${code}`])
      expect(JSON.stringify(JSON.parse(body))).toContain(JSON.stringify(said).slice(1, -1));
  });
});

it('a refusal rounds the wait up to whole seconds, and never to none', () => {
  const { headers } = encodeRefusal('openai.chat', { code: 'rate-limited', retryAfterSeconds: 0.2 }, 'r', undefined);
  expect(headers['retry-after']).toBe('1');
});
