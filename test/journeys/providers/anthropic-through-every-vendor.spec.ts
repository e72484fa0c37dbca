import type Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from '@jest/globals';
import { anthropic, messageTools, names, openCrossing, simulator, usage } from './crossing.js';

openCrossing();

describe.each(names)('Anthropic’s dialect through %s', (provider) => {
  const hello = { model: 'm', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello you' }] };

  it('a text, buffered and streamed, bills alike', async () => {
    simulator.script({ answer: { tokens: { cacheRead: 5 } } });
    const whole = await anthropic(provider).messages.create(hello);
    const counted = usage(provider);
    expect(whole.content).toMatchObject([{ type: 'text', text: 'I am the-model, simulated. You said: Hello you' }]);
    expect(whole.stop_reason).toBe('end_turn');
    const twin = await anthropic(provider).messages.stream(hello).finalMessage();
    expect(twin.content).toMatchObject([{ type: 'text', text: 'I am the-model, simulated. You said: Hello you' }]);
    expect(twin.stop_reason).toBe('end_turn');
    expect(usage(provider)).toEqual(counted);
    expect(twin.usage.output_tokens).toBe(whole.usage.output_tokens);
  });

  it('parallel tool calls and their results, buffered and streamed', async () => {
    const asked = { role: 'user' as const, content: 'Use the tools' };
    const body = { model: 'm', max_tokens: 100, messages: [asked], tools: messageTools };
    const whole = await anthropic(provider).messages.create(body);
    const expected = ['find', 'other'].map((name) => ({ type: 'tool_use', name, input: { query: 'Use the tools' } }));
    expect(whole.content).toMatchObject(expected);
    expect(whole.stop_reason).toBe('tool_use');
    const twin = await anthropic(provider).messages.stream(body).finalMessage();
    expect(twin.content).toMatchObject(expected);
    const results = whole.content.flatMap((block, at) =>
      block.type === 'tool_use'
        ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: `result ${at}` }]
        : [],
    );
    const messages: Anthropic.MessageParam[] = [
      asked,
      { role: 'assistant', content: whole.content as Anthropic.ContentBlockParam[] },
      { role: 'user', content: results },
    ];
    const after = await anthropic(provider).messages.create({ ...body, messages });
    expect(JSON.stringify(after.content)).toContain('result 0');
    expect(JSON.stringify(after.content)).toContain('result 1');
  });

  it('a forced tool, a system text and a limit reach the vendor', async () => {
    const body = { ...hello, system: 'SYSTEM-TEXT', tools: messageTools };
    const { content } = await anthropic(provider).messages.create({
      ...body,
      tool_choice: { type: 'tool', name: 'other' },
    });
    expect(content).toMatchObject([{ type: 'tool_use', name: 'other' }]);
    expect(simulator.requests().map(({ text }) => text)).toContainEqual(expect.stringContaining('SYSTEM-TEXT'));
  });
});
