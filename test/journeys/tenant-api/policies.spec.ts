import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type House, openHouse } from './house.js';
import { at, codes, draftOf, shown, source, tenantIdOf, versionIn } from './policy-versions.js';
import { recordDecisions } from './recorded-decisions.js';
import { type Federated, change, done, federate } from './steps.js';

let house: House;
let north: Federated;
let south: Federated;
beforeAll(async () => {
  house = await openHouse();
  north = await federate(house, 'north');
  south = await federate(house, 'south');
});
afterAll(() => house?.close());

const endpoint = (name: string, isCovered: boolean) =>
  done(
    house,
    'registerEndpoint',
    {
      name,
      provider: 'openai',
      baseUrl: `${house.issuer.url}/v1`,
      region: 'us-east-1',
      residency: 'US',
      models: ['m'],
      credentialIds: [],
    },
    'endpoint { id }',
    south.owner,
  ).then(async (made) => {
    if (isCovered)
      await done(
        house,
        'attachBaa',
        {
          endpointId: (made['endpoint'] as { id: string }).id,
          validFrom: '2026-01-01T00:00:00Z',
          validUntil: '2030-01-01T00:00:00Z',
        },
        'endpoint { id }',
        south.owner,
      );
  });
describe('a text', () => {
  it('that does not compile is stored as a draft with its complaints, is never published, and goes on once it is mended', async () => {
    const bad = 'apiVersion: policy/v1\nname: x\nrules:\n  - { id: a, effect: permti }\n';
    const selection = 'diagnostics { severity code line column message hint }';
    const draft = await done(house, 'draftPolicy', { source: bad }, `${shown} ${selection}`, north.owner);
    const stored = versionIn(draft);
    const complaint = expect.objectContaining({ severity: 'error', code: 'E_ENUM', line: 4, column: 22 });
    expect([stored.hash, stored.state, draft['diagnostics']]).toEqual(['', 'draft', [complaint]]);
    const kept = await house.ask<{ node: { source: string; diagnostics: unknown[] } }>(
      `query ($id: ID!) { node(id: $id) { ... on Policy { source ${selection} } } }`,
      { id: stored.id },
      north.owner,
    );
    expect(kept.data.node).toEqual({ source: bad, diagnostics: [complaint] });
    const publish = { ...at(stored), expectedHash: '' };
    expect(codes(await change(house, 'publishPolicy', publish, shown, north.owner))).toEqual(['POLICY_INVALID']);
    expect(codes(await change(house, 'checkPolicy', at(stored), shown, north.owner))).toEqual(['POLICY_INVALID']);
    expect(codes(await change(house, 'tryPolicy', { ...at(stored), on: true }, shown, north.owner))).toEqual([
      'WRONG_STATE',
    ]);
    const mended = { source: source('0.6'), ...at(stored) };
    const edited = await done(house, 'draftPolicy', mended, `${shown} ${selection}`, north.owner);
    expect([versionIn(edited).hash, edited['diagnostics']]).toEqual([expect.stringMatching(/^sha256:/), []]);
    const told = (draft['diagnostics'] as { message: string; hint: string }[])[0];
    expect(`${told?.message} ${told?.hint}`).toContain('permit');
    const valid = await done(house, 'validatePolicy', { source: bad }, `valid ${selection}`, north.owner);
    expect(valid).toMatchObject({ valid: false, diagnostics: draft['diagnostics'] });
  });

  it('C12: with 10,000 rules, endless nesting or anchors is refused at once with a position', async () => {
    const head = 'apiVersion: policy/v1\nname: x\nrules:\n';
    const hostile = [
      `${head}${'  - { id: a, effect: deny }\n'.repeat(9_000)}`,
      `${head}  - { id: a, effect: deny, when: '${'('.repeat(5_000)}true' }\n`,
      `${head}  - &a { id: a, effect: deny }\n  - *a\n`,
      `rules: ${'['.repeat(100_000)}`,
      `${head}  - { id: a, effect: deny, when: '"(a+)+$" in subject.roles && matches(subject.id, "(a+)+$")' }\n`,
    ];
    for (const text of hostile) {
      const answer = await done(
        house,
        'validatePolicy',
        { source: text },
        'valid diagnostics { line column }',
        north.owner,
      );
      expect(answer).toMatchObject({ valid: false });
      expect((answer['diagnostics'] as { line: number }[])[0]?.line).toBeGreaterThan(0);
    }
    const long = await change(house, 'validatePolicy', { source: '#'.repeat(300_000) }, 'valid', north.owner);
    expect(codes(long)).toEqual(['INVALID']);
  });

  it('of one tenant waits behind its own, and never behind those of another', async () => {
    const owner = await tenantIdOf(house, 'north');
    const hospital = readFileSync(
      new URL('../../../../deploy/policies/regional-hospital.yaml', import.meta.url),
      'utf8',
    );
    const running = Array.from({ length: 4 }, () => house.ports.policy.perform(owner, 'test', { source: hospital }));
    const own = await change(house, 'validatePolicy', { source: source('0.6') }, 'valid', north.owner);
    const other = await change(house, 'validatePolicy', { source: source('0.6') }, 'valid', south.owner);
    expect([codes(own), other['valid']]).toEqual([['TOO_BUSY'], true]);
    expect((await Promise.all(running)).map(({ ok }) => ok)).toEqual([true, true, true, true]);
  });

  it('is tested, proved and compared before anything is stored', async () => {
    const query = `query ($source: String!) {
      policyTests(source: $source) { passed tests { name passed differences } survivors { rule mutation } }
      policyProofs(source: $source) { proofs { name verdict witness } }
      policyDifference(source: $source) { changes { id direction } } }`;
    const answer = await house.ask<Record<string, Record<string, unknown>>>(
      query,
      { source: source('0.95') },
      north.owner,
    );
    expect(answer.errors).toBeUndefined();
    expect(answer.data['policyTests']).toMatchObject({ passed: true, tests: [{ name: 'PHI stays', passed: true }] });
    expect(answer.data['policyTests']?.['survivors']).toEqual([
      { rule: 'staff', mutation: 'always' },
      { rule: 'phi', mutation: 'always' },
    ]);
    const [proof] = (answer.data['policyProofs'] ?? {})['proofs'] as { verdict: string; witness: string }[];
    expect(proof?.verdict).toBe('broken');
    expect(JSON.parse(proof?.witness ?? '{}')).toHaveProperty(['class(PHI)']);
    expect(answer.data['policyDifference']?.['changes']).toContainEqual({ id: 'staff/added', direction: 'loosens' });
  });
});

describe('recorded requests', () => {
  let ids: readonly string[];

  beforeAll(async () => {
    await endpoint('covered', true);
    await endpoint('general', false);
    const draft = await draftOf(house, source('0.6'), south.owner);
    await done(house, 'publishPolicy', { ...at(draft), expectedHash: draft.hash }, shown, south.owner);
    ids = await recordDecisions(house, await tenantIdOf(house, 'south'), [100, 650, 990]);
  });

  it('are explained exactly as they were decided', async () => {
    const query = `query ($id: ID!) { decisionExplanation(id: $id) { exact explanation {
      decision code authorized permitted excluded { endpoint by } matched { rule effect because { condition actual } } } } }`;
    const answer = await house.ask<{ decisionExplanation: unknown }>(query, { id: ids[1] }, south.owner);
    expect(answer.errors).toBeUndefined();
    expect(answer.data.decisionExplanation).toEqual({
      exact: true,
      explanation: {
        decision: 'permit',
        code: 'OK',
        authorized: ['covered'],
        permitted: ['covered', 'general'],
        excluded: [{ endpoint: 'general', by: ['phi'] }],
        matched: [
          {
            rule: 'staff',
            effect: 'permit',
            because: [
              { condition: 'data.complete == true', actual: 'true' },
              { condition: 'subject.kind == "human"', actual: '"human"' },
            ],
          },
          { rule: 'phi', effect: 'restrict', because: [{ condition: 'class(PHI) >= 0.6', actual: '0.65' }] },
        ],
      },
    });
    const foreign = await house.ask<{ decisionExplanation: unknown }>(query, { id: ids[1] }, north.owner);
    expect(foreign.data.decisionExplanation).toBeNull();
  });

  it('are decided again by another text: counts, rules and examples of what would change', async () => {
    const query = `query ($source: String!, $window: SimulationWindow!) { policySimulation(source: $source, window: $window) {
      requests changed unreadable complete reached unknownFacts { path requests } counts { kind count } groups { kind rules count }
      examples { kind decisionId before { authorized } after { authorized } } diagnostics { line } } }`;
    const window = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };
    const replay = (text: string, more: object = {}) =>
      house.ask<{
        policySimulation: {
          counts: { kind: string; count: number }[];
          requests: number;
          complete: boolean;
          reached: string;
        };
      }>(query, { source: text, window: { ...window, ...more } }, south.owner);
    const answer = await replay(source('0.7'));
    expect(answer.errors).toBeUndefined();
    const { counts, ...report } = answer.data.policySimulation;
    expect(counts.filter(({ count }) => count > 0)).toEqual([{ kind: 'endpoints-added', count: 1 }]);
    expect(report).toMatchObject({
      requests: 3,
      changed: 1,
      unreadable: 0,
      complete: true,
      groups: [{ kind: 'endpoints-added', rules: 'phi -> (same rules)', count: 1 }],
      examples: [{ before: { authorized: ['covered'] }, after: { authorized: ['covered', 'general'] } }],
    });
    expect((await replay(source('0.7'), { first: 1 })).data.policySimulation).toMatchObject({
      requests: 1,
      complete: false,
    });
    // Page by page the same as at once.
    let after: string | undefined;
    let pages = 0;
    for (let isComplete = false; !isComplete; pages += 1) {
      const page = await replay(source('0.7'), { first: 1, ...(after === undefined ? {} : { after }) });
      const { complete, reached, requests } = page.data.policySimulation;
      isComplete = complete;
      expect(requests).toBe(isComplete ? 0 : 1);
      after = reached;
    }
    expect(pages).toBe(4);
    const priced = source('0.6').replace(`'subject.kind == "human"'`, `'subject.kind == "human" && request.priced'`);
    const lacking = await replay(priced);
    expect(lacking.errors).toBeUndefined();
    expect(lacking.data.policySimulation).toMatchObject({
      requests: 3,
      unknownFacts: [{ path: 'request.priced', requests: 3 }],
    });
    expect((await replay('rules: [')).data.policySimulation).toMatchObject({ requests: 0, diagnostics: [{ line: 1 }] });
  });

  it('of a person whose keys were destroyed are no longer read, and the report says how many', async () => {
    const owner = await tenantIdOf(house, 'south');
    await house.admin.query(`DELETE FROM t_${owner.replaceAll('-', '')}.record_key`);
    const query = `query ($source: String!, $window: SimulationWindow!) { policySimulation(source: $source, window: $window) { requests unreadable } }`;
    const window = { from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };
    const answer = await house.ask<{ policySimulation: unknown }>(
      query,
      { source: source('0.7'), window },
      south.owner,
    );
    expect(answer.data.policySimulation).toEqual({ requests: 0, unreadable: 3 });
  });
});
