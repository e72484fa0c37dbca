import { describe, expect, it } from '@jest/globals';
import type { FaultClass } from '@writ/routing';
import type { Script } from '@writ/simulator';
import { names, openai, openCrossing, simulator, through } from './crossing.js';

openCrossing();

type Fault = NonNullable<Script['fault']>;
const status = (code: number): Fault => ({ kind: 'status', status: code });

const before: readonly (readonly [string, Fault, FaultClass])[] = [
  ['refuses the key', status(401), 'credential'],
  ['forbids', status(403), 'credential'],
  ['does not know the model', status(404), 'not-found'],
  ['is rate limited', { kind: 'status', status: 429, retryAfter: '3' }, 'rate-limited'],
  ['fails', status(500), 'unavailable'],
  ['is out', status(503), 'unavailable'],
  ['answers nothing that we asked for', { kind: 'content-type', value: 'text/html' }, 'broken-stream'],
  ['resets', { kind: 'cut', phase: 'headers' }, 'unavailable'],
  ['redirects', { kind: 'redirect', location: 'http://169.254.169.254/' }, 'broken-stream'],
];
const during: readonly (readonly [string, Fault])[] = [
  ['is cut', { kind: 'cut', phase: 'terminal' }],
  ['ends early', { kind: 'cut', phase: 'terminal', how: 'end' }],
  ['sends garbage', { kind: 'inject', phase: 'terminal', text: 'data: {"\n\n' }],
  ['is truncated', { kind: 'truncate', phase: 'terminal' }],
];

describe.each(names)('%s', (provider) => {
  const body = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] };

  it.each(before)('that %s before anything was answered is a fault of its class', async (_, fault, expected) => {
    simulator.script({ fault });
    await expect(openai(provider).chat.completions.create(body)).rejects.toThrow();
    expect(through(provider).last.fault?.class).toBe(expected);
    if (expected === 'rate-limited') expect(through(provider).last.fault?.retryAfterSeconds).toBe(3);
  });

  it.each(during)('whose stream %s is broken, and never looks complete', async (_, fault) => {
    simulator.script({ fault });
    const stream = openai(provider).chat.completions.stream(body);
    await expect(stream.finalChatCompletion()).rejects.toThrow();
    expect(through(provider).last.fault?.class).toBe('broken-stream');
    expect(through(provider).last.events.some((event) => event.terminal)).toBe(false);
  });

  it('never repeats the provider’s own words, which may quote the prompt', async () => {
    simulator.script({
      fault: { kind: 'status', status: 400, body: '{"error":{"message":"secret words","code":"secret words"}}' },
    });
    await expect(openai(provider).chat.completions.create(body)).rejects.toThrow();
    expect(JSON.stringify(through(provider).last.fault)).not.toContain('secret words');
  });
});
