import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { payloadOf } from '../support/invariants.js';
import { tenantA } from '../support/builders.js';
import { goodHeaders, openDoor, type OpenDoor } from './open-door.js';

let door: OpenDoor;
beforeAll(async () => {
  door = await openDoor();
});
afterAll(() => door.close());

const about = (content: string, more: object = {}): string =>
  JSON.stringify({
    subject: { type: 'user', id: 'nora' },
    action: { name: 'chat' },
    resource: { type: 'model', id: 'fast' },
    context: { request: { model: 'fast', messages: [{ role: 'user', content }] } },
    ...more,
  });
const evaluate = async (body: string, headers: Record<string, string> = {}) => {
  const answer = await door.send('/access/v1/evaluation', { headers: { ...goodHeaders, ...headers }, body });
  return { ...answer, said: JSON.parse(answer.body) as Record<string, unknown> };
};
const lastRecords = (count: number) => (door.house.store.leaves.get(tenantA) ?? []).slice(-count).map(payloadOf);

describe('POST /access/v1/evaluation (AuthZEN 1.0)', () => {
  it('answers a permit with the set, the obligations, the cleared request and the ids that lead to its records', async () => {
    const { status, headers, said } = await evaluate(about('Write to nora.klein@example.org about Monday.'));
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(said).toMatchObject({
      decision: true,
      context: {
        decision_id: headers['x-writ-decision'],
        receipt: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
        authorized_endpoints: ['azure-baa', 'openai-us'],
        obligations: { redactions: [{ class: 'PII', style: 'token' }], response: { markers: ['eu-ai-act-50'] } },
        request: { model: 'fast' },
      },
    });
    expect(JSON.stringify(said)).not.toContain('nora.klein@example.org');
    expect(lastRecords(2)).toMatchObject([{ effect: 'permit', action: 'evaluate' }, { result: 'decision-only' }]);
    expect(door.house.providers.arrivals).toEqual([]);
  });

  it('answers a deny with 200, decision false and the reason; it is recorded like any deny', async () => {
    const { status, said, headers } = await evaluate(about('Use AKIAQ3EGVWLZ7JTBN4XM to list the buckets.'));
    expect(status).toBe(200);
    expect(said).toMatchObject({
      decision: false,
      context: {
        decision_id: headers['x-writ-decision'],
        rules: expect.arrayContaining(['no-secrets']) as unknown,
      },
    });
    expect(lastRecords(1)).toMatchObject([{ effect: 'deny', code: 'denied-by-rule' }]);
  });

  it('is decision false for another subject than the credential proves', async () => {
    const { status, said } = await evaluate(about('Hello', { subject: { type: 'user', id: 'root' } }));
    expect(status).toBe(200);
    expect(said).toMatchObject({ decision: false, context: { reason: { code: 'subject-mismatch' } } });
  });

  it('is an HTTP error, and no decision, without a credential or with a malformed body', async () => {
    const nobody = await evaluate(about('Hello'), { authorization: '' });
    expect([nobody.status, nobody.said['decision']]).toEqual([401, undefined]);
    const odd = await evaluate('{}');
    expect([odd.status, odd.said['decision']]).toEqual([400, undefined]);
  });

  it('returns the request id that the caller sent', async () => {
    expect((await evaluate(about('Hello'), { 'x-request-id': 'pep-1' })).headers['x-request-id']).toBe('pep-1');
    expect((await evaluate(about('Hello'))).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('C11: an id that a caller sent elsewhere never stands in for ours', async () => {
    const body = JSON.stringify({ model: 'fast', messages: [{ role: 'user', content: 'Hello' }] });
    const answer = await door.send('/v1/chat/completions', {
      headers: { ...goodHeaders, 'x-request-id': 'forged', 'x-writ-decision': 'forged' },
      body,
    });
    expect(JSON.stringify(answer.headers)).not.toContain('forged');
  });
});
