import { beforeEach, describe, expect, it } from '@jest/globals';
import { inspectAnswer, loadTaxonomy } from '@writ/classification';
import { noObligations, type Obligations } from '@writ/domain';
import { must } from '../../support/index.js';
import {
  anthropic,
  chatTools,
  messageTools,
  names,
  openai,
  openCrossing,
  schema,
  simulator,
  through,
} from './crossing.js';
import { cleared } from './passage.js';

openCrossing();

const taxonomy = must(loadTaxonomy({ version: 't', terms: [], patterns: [], thresholds: {} }));
const maskPii: Obligations = {
  ...noObligations,
  response: { ...noObligations.response, redactions: [{ class: 'PII', style: 'mask', by: ['r'] }] },
};
const options = { digestKey: new Uint8Array(32), attachments: [], expired: () => false };
const chunks = ['The SSN is 536-', '22-', '8145, and that ', 'is all there ', 'is to say'];
const secret = '536-22-8145';
const user = { role: 'user' as const, content: 'Hello' };

beforeEach(() => {
  for (const provider of names)
    through(provider).inspect = (ask) => inspectAnswer(maskPii, cleared(ask), taxonomy, options);
});

describe.each(names)('C5, C6: an answer of %s that holds a secret, cut through the middle', (provider) => {
  const told = { answer: { chunks, toolCalls: [{ name: 'find', arguments: `{"query":"ssn ${secret} end"}` }] } };

  it('leaves masked and whole in OpenAI’s dialect, buffered and streamed', async () => {
    simulator.script(told);
    const body = { model: 'm', messages: [user], tools: chatTools };
    const whole = await openai(provider).chat.completions.create(body);
    const twin = await openai(provider).chat.completions.stream(body).finalChatCompletion();
    for (const answer of [whole, twin]) {
      expect(JSON.stringify(answer)).not.toContain(secret);
      expect(answer.choices[0]?.message.content).toMatch(/^The SSN is \S+, and that is all there is to say$/);
      const [call] = answer.choices[0]?.message.tool_calls ?? [];
      expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toMatchObject({
        query: expect.stringMatching(/^ssn \S+ end$/) as unknown,
      });
    }
  });

  it('leaves masked and whole in Anthropic’s dialect, inside its block', async () => {
    simulator.script(told);
    const body = { model: 'm', max_tokens: 100, messages: [user], tools: messageTools };
    const whole = await anthropic(provider).messages.create(body);
    const events: { type: string; index?: number }[] = [];
    const stream = anthropic(provider).messages.stream(body);
    stream.on('streamEvent', (event) => void events.push(event));
    const twin = await stream.finalMessage();
    for (const answer of [whole, twin]) {
      expect(JSON.stringify(answer)).not.toContain(secret);
      const [text, call] = answer.content;
      expect(text).toMatchObject({
        text: expect.stringMatching(/^The SSN is \S+, and that is all there is to say$/) as unknown,
      });
      expect(call).toMatchObject({ input: { query: expect.stringMatching(/^ssn \S+ end$/) as unknown } });
    }
    const closed = new Set<number>();
    for (const { type, index } of events) {
      if (type === 'content_block_stop') closed.add(index ?? -1);
      if (type === 'content_block_delta') expect(closed.has(index ?? -1)).toBe(false);
    }
  });

  it('leaves masked and whole in the Responses dialect, in every place that repeats it', async () => {
    simulator.script(told);
    const tools = [{ type: 'function' as const, name: 'find', parameters: schema, strict: null }];
    const body = { model: 'm', input: 'Hello', tools };
    const whole = await openai(provider).responses.create(body);
    const heard: unknown[] = [];
    let spoken = '';
    for await (const event of await openai(provider).responses.create({ ...body, stream: true })) {
      heard.push(event);
      if (event.type === 'response.output_text.delta') spoken += event.delta;
      if (event.type === 'response.output_text.done') expect(event.text).toBe(spoken);
    }
    expect(JSON.stringify([whole, heard])).not.toContain(secret);
    expect(whole.output_text).toMatch(/^The SSN is \S+, and that is all there is to say$/);
    expect(spoken).toBe(whole.output_text);
  });

  it('leaves masked and whole in Gemini’s dialect', async () => {
    simulator.script({ answer: { chunks } });
    const body = JSON.stringify({ contents: [{ parts: [{ text: 'Hello' }] }] });
    const url = `${through(provider).url}/v1beta/models/m`;
    const whole = await (await fetch(`${url}:generateContent`, { method: 'POST', body })).text();
    const stream = await (await fetch(`${url}:streamGenerateContent?alt=sse`, { method: 'POST', body })).text();
    const spoken = [...stream.matchAll(/"text": ?("(?:[^"\\]|\\.)*")/g)].map(
      ([, token]) => JSON.parse(token ?? '') as string,
    );
    expect(whole + stream).not.toContain(secret);
    expect(spoken.join('')).toMatch(/^The SSN is \S+, and that is all there is to say$/);
  });
});
