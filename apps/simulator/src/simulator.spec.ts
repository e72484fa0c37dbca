import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import OpenAI from 'openai';
import { type Simulator, startSimulator } from './simulator.js';

let simulator: Simulator;
let client: OpenAI;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new OpenAI({ apiKey: 'sk-sim', baseURL: simulator.urls.openai, maxRetries: 0 });
});
beforeEach(() => {
  simulator.forget();
  simulator.clearScripts();
});
afterAll(() => simulator.stop());

const messages = [{ role: 'user' as const, content: 'Hello there, gateway' }];
const tools = [{ type: 'function' as const, function: { name: 'find', parameters: { type: 'object' } } }];

describe('the simulated OpenAI', () => {
  it('says the same buffered and streamed, and counts the same', async () => {
    const whole = await client.chat.completions.create({ model: 'gpt-5', messages });
    const stream = client.chat.completions.stream({
      model: 'gpt-5',
      messages,
      stream_options: { include_usage: true },
    });
    const twin = await stream.finalChatCompletion();
    expect(twin.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(whole.choices[0]?.message.content).toContain('Hello there, gateway');
    expect(twin.usage).toEqual(whole.usage);
  });

  it('calls tools, buffered and streamed', async () => {
    const asked = { model: 'gpt-5', messages, tools, tool_choice: 'required' as const };
    const whole = await client.chat.completions.create(asked);
    const twin = await client.chat.completions.stream(asked).finalChatCompletion();
    const first = whole.choices[0]?.message.tool_calls?.[0];
    const second = twin.choices[0]?.message.tool_calls?.[0];
    expect(first).toMatchObject({ function: { name: 'find', arguments: '{"query":"Hello there, gateway"}' } });
    expect(second).toMatchObject({
      id: first?.id,
      function: { name: 'find', arguments: '{"query":"Hello there, gateway"}' },
    });
  });

  it('refuses a field that the vendor does not document, and names it', async () => {
    const body = { model: 'gpt-5', messages, api_base: 'http://evil' };
    await expect(client.chat.completions.create(body)).rejects.toMatchObject({ status: 400, param: 'api_base' });
  });

  it('records what arrived: headers, body and time', async () => {
    await client.chat.completions.create({ model: 'gpt-5', messages }, { headers: { 'x-writ-decision': 'd1' } });
    const [only] = simulator.requests();
    expect(only).toMatchObject({ vendor: 'openai', model: 'gpt-5', body: { messages } });
    expect(only?.headers['x-writ-decision']).toBe('d1');
    expect(only?.arrivedAt).toBeGreaterThan(0);
  });

  it('fails on command, and only as often as told', async () => {
    simulator.script({ times: 1, fault: { kind: 'status', status: 429, retryAfter: '7' } });
    await expect(client.chat.completions.create({ model: 'gpt-5', messages })).rejects.toMatchObject({ status: 429 });
    await expect(client.chat.completions.create({ model: 'gpt-5', messages })).resolves.toBeDefined();
  });

  it('says what a test dictates, cut where the test cuts it', async () => {
    simulator.script({ answer: { chunks: ['My SSN is 123-', '45-6', '789.'] } });
    const stream = await client.chat.completions.create({ model: 'gpt-5', messages, stream: true });
    const heard: string[] = [];
    for await (const chunk of stream) heard.push(chunk.choices[0]?.delta.content ?? '');
    expect(heard.filter(Boolean)).toEqual(['My SSN is 123-', '45-6', '789.']);
  });

  it('cuts a stream before its terminal event', async () => {
    simulator.script({ fault: { kind: 'cut', phase: 'terminal' } });
    const stream = await client.chat.completions.create({ model: 'gpt-5', messages, stream: true });
    const drain = async (): Promise<void> => {
      for await (const _ of stream);
    };
    await expect(drain()).rejects.toThrow();
  });

  it('embeds a text always the same way', async () => {
    const ask = { model: 'text-embedding-3-small', input: 'nurse' };
    const [one, two] = [await client.embeddings.create(ask), await client.embeddings.create(ask)];
    expect(one.data[0]?.embedding).toEqual(two.data[0]?.embedding);
  });
});

function jwks(): ReturnType<typeof createRemoteJWKSet> {
  return createRemoteJWKSet(new URL('/jwks', simulator.urls.issuer));
}

describe('the simulated identity provider', () => {
  const audience = 'https://gateway.example';

  it('signs a person in through the code flow with PKCE, with a JWT for the audience asked for', async () => {
    const { accessToken } = await simulator.loginAs('nora', audience);
    const { payload, protectedHeader } = await jwtVerify(accessToken, jwks(), {
      audience,
      issuer: simulator.urls.issuer,
    });
    expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'at+jwt' });
    expect(payload).toMatchObject({
      sub: 'nora',
      tid: 'mercy',
      department: 'cardiology',
      groups: ['clinicians', 'nurses'],
    });
  });

  it('gives an agent a token by client credentials, signed with ES256', async () => {
    const { accessToken } = await simulator.loginAsMachine('agent-scribe', audience);
    const { payload, protectedHeader } = await jwtVerify(accessToken, jwks(), { audience });
    expect(protectedHeader.alg).toBe('ES256');
    expect(payload).toMatchObject({ sub: 'agent-scribe', groups: ['agents'], tid: 'mercy' });
  });

  it('mints an expired token that the published key signed', async () => {
    const token = await simulator.issuer.mint({ person: 'nora', audience, lifetimeSeconds: -60 });
    await expect(jwtVerify(token, jwks(), { audience })).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' });
  });

  it('rotates its keys, and withdraws the old ones only when told', async () => {
    const before = await simulator.issuer.mint({ person: 'nora', audience });
    await simulator.issuer.rotate(false);
    await expect(jwtVerify(before, jwks(), { audience })).resolves.toBeDefined();
    await simulator.issuer.rotate(true);
    await expect(jwtVerify(before, jwks(), { audience })).rejects.toThrow();
    const { accessToken } = await simulator.loginAs('anton', audience);
    await expect(jwtVerify(accessToken, jwks(), { audience })).resolves.toBeDefined();
  });

  it('goes down and comes back', async () => {
    simulator.issuer.down('refuse');
    await expect(fetch(`${simulator.urls.issuer}/jwks`)).rejects.toThrow();
    simulator.issuer.down('no');
    expect((await fetch(`${simulator.urls.issuer}/.well-known/openid-configuration`)).status).toBe(200);
  });
});
