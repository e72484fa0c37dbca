import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { Agent } from 'undici';
import { accessToken, onboard, startStack, type Stack } from '@writ/local';
import { eventually } from '../contract/eventually.js';

let stack: Stack;
let token = '';
const folder = mkdtempSync(join(tmpdir(), 'writ-rolling-'));
const keepAlive = new Agent({ connections: 16 });

beforeAll(async () => {
  stack = await startStack({ folder, log: () => undefined, gatewayProcesses: 2 });
  await onboard(stack, 'mercy', () => undefined);
  token = await accessToken(stack, 'nora', stack.audiences.gateway);
}, 300_000);

afterAll(async () => {
  await keepAlive.close();
  await stack?.stop();
}, 200_000);

/** The gateway's worker processes as they are now. */
function workers(): readonly number[] {
  const found = spawnSync('pgrep', ['-P', String(stack.gateway.pid)], { encoding: 'utf8' });
  return found.stdout.trim().split('\n').filter(Boolean).map(Number);
}

/** Resolves when the gateway's log says so. */
function said(sentence: string): Promise<void> {
  return new Promise((resolve) => {
    stack.gateway.onLine((line) => {
      if (line.includes(sentence)) resolve();
    });
  });
}

interface Load {
  answered: number;
  readonly failures: string[];
}

/** Callers that ask again as soon as they are answered, over connections that they keep; none of them tries twice. */
function load(callers: number, isOver: () => boolean): { readonly seen: Load; readonly ended: Promise<unknown> } {
  const seen: Load = { answered: 0, failures: [] };
  const body = JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: 'Good morning' }] });
  const caller = async (): Promise<void> => {
    while (!isOver()) {
      try {
        const response = await keepAlive.request({
          origin: stack.urls.gateway,
          path: '/v1/chat/completions',
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body,
        });
        const text = await response.body.text();
        if (response.statusCode === 200 && text.includes('"finish_reason"')) seen.answered += 1;
        else seen.failures.push(`${response.statusCode} ${text.slice(0, 200)}`);
      } catch (error) {
        seen.failures.push(String(error));
      }
    }
  };
  return { seen, ended: Promise.all(Array.from({ length: callers }, caller)) };
}

/** Streams one after the other; each has to come to its end. */
async function streams(seen: Load, isOver: () => boolean): Promise<void> {
  const client = new OpenAI({ baseURL: `${stack.urls.gateway}/v1`, apiKey: token, maxRetries: 0 });
  while (!isOver()) {
    try {
      const messages = [{ role: 'user' as const, content: 'Tell me a story' }];
      const stream = await client.chat.completions.create({ model: 'fast', messages, stream: true });
      let finish: string | null | undefined;
      for await (const chunk of stream) finish = chunk.choices[0]?.finish_reason ?? finish;
      if (finish) seen.answered += 1;
      else seen.failures.push('a stream ended without a finish');
    } catch (error) {
      seen.failures.push(String(error));
    }
  }
}

describe('the gateway under load', () => {
  it('fails no request while every process is replaced, twice', async () => {
    const before = workers();
    expect(before).toHaveLength(2);
    let isOver = false;
    const { seen, ended } = load(2, () => isOver);
    const streaming = streams(seen, () => isOver);
    await eventually(() => expect(seen.answered).toBeGreaterThan(8), 100_000);
    for (let restart = 0; restart < 2; restart += 1) {
      const replaced = said('every gateway process was replaced');
      stack.gateway.kill('SIGHUP');
      await replaced;
    }
    const afterRestarts = seen.answered;
    await eventually(() => expect(seen.answered).toBeGreaterThan(afterRestarts + 8), 100_000);
    isOver = true;
    await Promise.all([ended, streaming]);
    expect(seen.failures).toEqual([]);
    const after = workers();
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  }, 300_000);

  it('replaces a process that was killed, and serves meanwhile', async () => {
    const [victim] = workers();
    const died = said('a gateway process died and is replaced');
    process.kill(victim ?? 0, 'SIGKILL');
    await died;
    await eventually(() => expect(workers().filter((pid) => pid !== victim)).toHaveLength(2), 30_000);
    let isOver = false;
    const { seen, ended } = load(4, () => isOver);
    await eventually(() => expect(seen.answered).toBeGreaterThan(10), 100_000);
    isOver = true;
    await ended;
    expect(seen.failures).toEqual([]);
  }, 200_000);

  it('a successor knows the tenants in use before it listens: not even an outage of the database makes it forget them', async () => {
    const replaced = said('every gateway process was replaced');
    stack.gateway.kill('SIGHUP');
    await replaced;
    await stack.postgres.kill('SIGKILL');
    const codes = new Set<string>();
    for (let request = 0; request < 8; request += 1) {
      const response = await fetch(`${stack.urls.gateway}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: 'Good evening' }] }),
      });
      const { error } = (await response.json()) as { readonly error: { readonly code: string } };
      codes.add(error.code);
    }
    // Identity and configuration are known, so the request comes as far as its record, which nobody can write now.
    expect([...codes]).toEqual(['ledger-unavailable']);
  }, 300_000);
});
