import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { startSimulator, type Simulator } from '@writ/simulator';
import { endpointOf } from './crossing.js';
import { openPassage, type Passage } from './passage.js';

let simulator: Simulator;
const passages: Passage[] = [];
const through = async (model: string): Promise<Passage> => {
  const endpoint = { ...endpointOf('aws.bedrock', simulator), models: [model] };
  const passage = await openPassage(endpoint, [new URL(simulator.urls.models).host]);
  passages.push(passage);
  return passage;
};
beforeAll(async () => {
  simulator = await startSimulator();
});
beforeEach(() => simulator.forget());
afterAll(async () => {
  await Promise.all(passages.map((passage) => passage.stop()));
  await simulator.stop();
});

const messages = [{ role: 'user', content: 'Hi' }];
const thinking = { model: 'm', max_tokens: 3_000, messages, thinking: { type: 'enabled', budget_tokens: 2_000 } };

it.each([
  [
    'eu.anthropic.claude-sonnet-5-5-v1:0',
    '/v1/messages',
    thinking,
    { thinking: { type: 'enabled', budget_tokens: 2_000 } },
  ],
  [
    'openai.gpt-oss-120b-1:0',
    '/v1/chat/completions',
    { model: 'm', messages, reasoning_effort: 'low' },
    { reasoning_effort: 'low' },
  ],
])('on Bedrock, %s is told how to reason in the field of its own family', async (model, route, body, expected) => {
  const { url } = await through(model);
  const answer = await fetch(url + route, { method: 'POST', body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
  expect(simulator.requests()[0]?.body).toMatchObject({ additionalModelRequestFields: expected });
});

it('on Bedrock, a model of another family is not sent what it does not know: the fault names it', async () => {
  const passage = await through('amazon.nova-pro-v1:0');
  await fetch(`${passage.url}/v1/messages`, { method: 'POST', body: JSON.stringify(thinking) });
  expect(passage.last.fault).toMatchObject({
    class: 'malformed',
    detail: 'untranslatable a budget or effort of reasoning',
  });
  expect(simulator.requests()).toEqual([]);
});
