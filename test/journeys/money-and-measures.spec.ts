import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accessToken, onboard, startStack, type OnboardedTenant, type Stack } from '@writ/local';
import OpenAI from 'openai';
import { eventually } from '../contract/eventually.js';

let stack: Stack;
let tenant: OnboardedTenant;

beforeAll(async () => {
  stack = await startStack({ folder: mkdtempSync(join(tmpdir(), 'writ-money-')), log: () => undefined });
  tenant = await onboard(stack, 'mercy', () => undefined);
}, 120_000);
afterAll(() => stack.stop(), 60_000);

interface Sum {
  readonly model: string;
  readonly requests: number;
  readonly inputTokens: number;
  readonly costMicros: string;
}

async function usage(): Promise<readonly Sum[]> {
  const query = `query ($from: String!, $to: String!) { usage(from: $from, to: $to) {
    settledAt sums { model requests denied inputTokens outputTokens costMicros } } }`;
  const day = new Date(Date.now()).toISOString().slice(0, 10);
  const answer = await tenant.client.run<{ readonly usage: { readonly sums: readonly Sum[] } }>(query, {
    from: day,
    to: day,
  });
  return answer.usage.sums;
}

describe('with everything running', () => {
  it('what was answered is in usage with its cost and in the metrics of every gateway process, and I7: what was said is in no log', async () => {
    const apiKey = await accessToken(stack, 'nora', stack.audiences.gateway);
    const client = new OpenAI({ baseURL: `${stack.urls.gateway}/v1`, apiKey, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'CANARY-of-a-prompt, how are you?' }];
    for (let request = 0; request < 6; request += 1) await client.chat.completions.create({ model: 'fast', messages });
    await eventually(async () => {
      const sums = await usage();
      expect(sums.reduce((all, { requests }) => all + requests, 0)).toBe(6);
      expect(sums.reduce((all, { inputTokens }) => all + inputTokens, 0)).toBeGreaterThan(0);
      expect(sums.every(({ costMicros }) => Number(costMicros) > 0)).toBe(true);
    }, 20_000);
    const port = Number(stack.gateway.ready['managementPort']);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const permits = [...metrics.matchAll(/^writ_requests_total\{[^}]*outcome="permit"[^}]*\} (\d+)$/gm)];
    expect(permits.reduce((all, [, count]) => all + Number(count), 0)).toBe(6);
    expect(metrics).toContain('writ_phase_seconds_bucket');
    expect(metrics).not.toContain('CANARY');
    for (const app of ['gateway', 'worker', 'tenant-api'])
      expect(readFileSync(join(stack.logFolder, `${app}.log`), 'utf8')).not.toContain('CANARY');
  }, 60_000);
});
