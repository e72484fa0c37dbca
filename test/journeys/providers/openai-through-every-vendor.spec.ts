import { describe, expect, it } from '@jest/globals';
import type OpenAI from 'openai';
import { chatTools, names, openCrossing, openai, schema, simulator, usage } from './crossing.js';

openCrossing();

describe.each(names)('OpenAI’s dialect through %s', (provider) => {
  it('a text, buffered and streamed, bills alike', async () => {
    simulator.script({ answer: { tokens: { cacheRead: 5 } } });
    const body = { model: 'm', messages: [{ role: 'user' as const, content: 'Hello you' }] };
    const whole = await openai(provider).chat.completions.create(body);
    const counted = usage(provider);
    expect(whole.choices[0]?.message.content).toBe('I am the-model, simulated. You said: Hello you');
    expect(whole.choices[0]?.finish_reason).toBe('stop');
    expect(whole.usage?.prompt_tokens).toBe(counted?.inputTokens);
    const twin = await openai(provider)
      .chat.completions.stream({ ...body, stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect(twin.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(twin.usage).toEqual(whole.usage);
    expect(usage(provider)).toEqual(counted);
    expect(counted).toMatchObject({ cacheReadTokens: 5, estimated: false });
  });

  it('parallel tool calls and their results, buffered and streamed', async () => {
    const asked = { role: 'user' as const, content: 'Use the tools' };
    const body = { model: 'm', messages: [asked], tools: chatTools };
    const whole = (await openai(provider).chat.completions.create(body)).choices[0];
    expect(whole?.finish_reason).toBe('tool_calls');
    expect(whole?.message.tool_calls).toMatchObject([
      { type: 'function', function: { name: 'find', arguments: '{"query":"Use the tools"}' } },
      { type: 'function', function: { name: 'other', arguments: '{"query":"Use the tools"}' } },
    ]);
    const twin = (await openai(provider).chat.completions.stream(body).finalChatCompletion()).choices[0];
    const calls = (choice: typeof twin | typeof whole): unknown =>
      choice?.message.tool_calls?.map((call) =>
        call.type === 'function' ? [call.function.name, call.function.arguments] : [],
      );
    expect(calls(twin)).toEqual(calls(whole));
    expect(twin?.finish_reason).toBe('tool_calls');
    const results = (whole?.message.tool_calls ?? []).map((call, at) => ({
      role: 'tool' as const,
      tool_call_id: call.id,
      content: `result ${at}`,
    }));
    const messages = [asked, whole?.message as OpenAI.ChatCompletionMessageParam, ...results];
    const after = await openai(provider).chat.completions.create({ ...body, messages });
    expect(after.choices[0]?.message.content).toContain('result 0');
    expect(after.choices[0]?.message.content).toContain('result 1');
  });

  it('system text, an image, a limit and a stop word reach the vendor', async () => {
    const answer = await openai(provider).chat.completions.create({
      model: 'm',
      max_tokens: 3,
      stop: ['END'],
      temperature: 0.5,
      messages: [
        { role: 'system', content: 'SYSTEM-TEXT' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'one two three four' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          ],
        },
      ],
    });
    expect(answer.choices[0]?.finish_reason).toBe('length');
    const sent = simulator.requests()[0]?.text ?? '';
    for (const said of ['SYSTEM-TEXT', 'one two three four', 'AAAA', 'END', '0.5']) expect(sent).toContain(said);
  });

  it('a JSON schema is asked for', async () => {
    const answer = await openai(provider).chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toMatchObject({ said: 'Hi' });
  });
});

describe.each(names)('the Responses dialect through %s', (provider) => {
  const foreign = provider === 'openai' ? 'itself' : provider;

  it(`a text, buffered and streamed, bills alike (${foreign})`, async () => {
    const body = { model: 'm', input: 'Hello you', instructions: 'SYSTEM-TEXT' };
    const whole = await openai(provider).responses.create(body);
    const counted = usage(provider);
    expect(whole.output_text).toBe('I am the-model, simulated. You said: Hello you');
    const twin = await openai(provider).responses.stream(body).finalResponse();
    expect(twin.output_text).toBe(whole.output_text);
    expect(twin.usage).toEqual(whole.usage);
    expect(usage(provider)).toEqual(counted);
    expect(simulator.requests().map(({ text }) => text)).toContainEqual(expect.stringContaining('SYSTEM-TEXT'));
  });

  it('parallel tool calls and their results, buffered and streamed', async () => {
    const tools = ['find', 'other'].map((name) => ({
      type: 'function' as const,
      name,
      parameters: schema,
      strict: null,
    }));
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Use the tools' }];
    const whole = await openai(provider).responses.create({ model: 'm', input, tools });
    const expected = ['find', 'other'].map((name) => ({
      type: 'function_call',
      name,
      arguments: '{"query":"Use the tools"}',
    }));
    expect(whole.output).toMatchObject(expected);
    const twin = await openai(provider).responses.stream({ model: 'm', input, tools }).finalResponse();
    expect(twin.output).toMatchObject(expected);
    const results = whole.output.map((item, at) => ({
      type: 'function_call_output' as const,
      call_id: item.type === 'function_call' ? item.call_id : '',
      output: `result ${at}`,
    }));
    const calls = whole.output as OpenAI.Responses.ResponseFunctionToolCall[];
    const again = [
      ...input,
      ...calls.map(({ type, call_id, name, arguments: args }) => ({ type, call_id, name, arguments: args })),
      ...results,
    ];
    const after = await openai(provider).responses.create({ model: 'm', input: again, tools });
    expect(after.output_text).toContain('result 0');
    expect(after.output_text).toContain('result 1');
  });
});
