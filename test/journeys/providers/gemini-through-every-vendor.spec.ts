import { describe, expect, it } from '@jest/globals';
import type { Provider } from '@writ/domain';
import { names, openCrossing, simulator, through, usage } from './crossing.js';

openCrossing();

interface Generated {
  readonly candidates: readonly {
    readonly content: { readonly parts: readonly { text?: string; functionCall?: unknown }[] };
    readonly finishReason?: string;
  }[];
  readonly usageMetadata?: unknown;
}

async function generate(provider: Provider, body: object): Promise<Generated> {
  const url = `${through(provider).url}/v1beta/models/m:generateContent`;
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  return (await response.json()) as Generated;
}

async function generateStream(provider: Provider, body: object): Promise<Generated[]> {
  const url = `${through(provider).url}/v1beta/models/m:streamGenerateContent?alt=sse`;
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: '));
  return lines.map((line) => JSON.parse(line.slice(6)) as Generated);
}

function partsOf(answers: readonly Generated[]): { text?: string; functionCall?: unknown }[] {
  return answers.flatMap((answer) => answer.candidates).flatMap((candidate) => candidate.content.parts);
}

describe.each(names)('Gemini’s dialect through %s', (provider) => {
  it('a text, buffered and streamed, bills alike', async () => {
    const body = {
      contents: [{ role: 'user', parts: [{ text: 'Hello you' }] }],
      systemInstruction: { parts: [{ text: 'SYSTEM-TEXT' }] },
    };
    const whole = await generate(provider, body);
    const counted = usage(provider);
    expect(partsOf([whole])).toEqual([{ text: 'I am the-model, simulated. You said: Hello you' }]);
    expect(whole.candidates[0]?.finishReason).toBe('STOP');
    const twin = await generateStream(provider, body);
    expect(
      partsOf(twin)
        .map((part) => part.text ?? '')
        .join(''),
    ).toBe('I am the-model, simulated. You said: Hello you');
    expect(twin.at(-1)?.usageMetadata).toEqual(whole.usageMetadata);
    expect(usage(provider)).toEqual(counted);
    expect(simulator.requests().map(({ text }) => text)).toContainEqual(expect.stringContaining('SYSTEM-TEXT'));
  });

  it('parallel function calls and their results, buffered and streamed', async () => {
    const declarations = ['find', 'other'].map((name) => ({ name, parameters: { type: 'OBJECT' } }));
    const asked = { role: 'user', parts: [{ text: 'Use the tools' }] };
    const body = { contents: [asked], tools: [{ functionDeclarations: declarations }] };
    const expected = ['find', 'other'].map((name) => ({ functionCall: { name, args: { query: 'Use the tools' } } }));
    const whole = partsOf([await generate(provider, body)]);
    expect(whole).toMatchObject(expected);
    expect(partsOf(await generateStream(provider, body)).filter((part) => part.functionCall)).toMatchObject(expected);
    const results = ['find', 'other'].map((name, at) => ({
      functionResponse: { name, response: { output: `result ${at}` } },
    }));
    const contents = [asked, { role: 'model', parts: whole }, { role: 'user', parts: results }];
    const after = JSON.stringify(await generate(provider, { ...body, contents }));
    expect(after).toContain('result 0');
    expect(after).toContain('result 1');
  });
});

describe('Gemini’s dialect through google.gemini', () => {
  it('is what it is straight, buffered and streamed', async () => {
    const body = JSON.stringify({
      contents: [{ parts: [{ text: 'Hello you' }] }],
      generationConfig: { candidateCount: 2 },
    });
    for (const method of ['generateContent', 'streamGenerateContent?alt=sse']) {
      const headers = { 'x-goog-api-key': 'k' };
      const straight = await fetch(`${simulator.urls.models}/v1beta/models/the-model:${method}`, {
        method: 'POST',
        body,
        headers,
      });
      const ours = await fetch(`${through('google.gemini').url}/v1beta/models/m:${method}`, { method: 'POST', body });
      expect(await ours.text()).toBe((await straight.text()).replaceAll('\r\n', '\n'));
    }
  });

  it('refuses what another service would see, and what is stored', async () => {
    const contents = [{ parts: [{ text: 'x' }] }];
    for (const more of [
      { tools: [{ googleSearch: {} }] },
      { cachedContent: 'c' },
      { contents: [{ parts: [{ text: 'x', url: 'y' }] }] },
    ])
      expect(await generate('google.gemini', { contents, ...more })).toMatchObject({
        error: { status: 'INVALID_ARGUMENT' },
      });
  });
});
