import { celEnv, parse, plan } from '@bufbuild/cel';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, it } from '@jest/globals';
import { byEngine } from '../decide.js';
import { readDocument } from '../document.js';
import { evaluateAll } from '../evaluation.js';
import { type Random, randomEndpoints, randomFacts, seeded } from '../fuzz.js';
import { randomDocument } from '../fuzz-policy.js';
import type { Facts } from '../facts.js';
import { imageOf } from '../image.js';
import { link } from '../link.js';
import { hasBit } from '../outcome.js';
import { exportCedar } from './export-cedar.js';
import { exportCel } from './export-cel.js';
import { type FlatValue, flatEndpoint, flatFacts } from './flat-facts.js';

const now = Date.UTC(2026, 2, 28);

/** Other engines have no answer-if-unknown, so they judge requests whose facts are all there. */
function completeFacts(random: Random): Facts {
  for (;;) {
    const { subject, ...facts } = randomFacts(random);
    if (facts.data === undefined || facts.budget === undefined) continue;
    const { onBehalfOf: _, ...alone } = subject;
    const request = { ...facts.request, priced: facts.request.priced ?? true };
    return { ...facts, request, subject: { ...alone, attributes: { level: 1 } }, ext: { risk: 2 } };
  }
}

function aCase(random: Random, rules: number) {
  const source = randomDocument(random, rules)
    .replaceAll(', sees: residual', '')
    .replaceAll('ext.risk == \\"high\\"', 'ext.risk == 3');
  const document = readDocument(source);
  if (!document.ok) throw new Error(JSON.stringify(document.error));
  const { program } = document.value;
  const endpoints = randomEndpoints(random).slice(0, 8);
  return { program, policy: link(imageOf(document.value, 1), endpoints, now) };
}

/** Compares the authorized endpoints with a judge's word on each single one. */
function disagreements(
  random: Random,
  cases: number,
  requests: number,
  judgeOf: (program: ReturnType<typeof aCase>['program']) => (facts: Map<string, FlatValue>) => boolean,
) {
  let judged = 0;
  let permitted = 0;
  const wrong: unknown[] = [];
  for (let round = 0; round < cases; round += 1) {
    const { program, policy } = aCase(random, 12);
    const judge = judgeOf(program);
    for (let request = 0; request < requests; request += 1) {
      const facts = completeFacts(random);
      const { authorized } = evaluateAll(byEngine, policy, facts, [facts.subject], 'none');
      const flat = flatFacts(program, { facts, subject: facts.subject, timezone: program.timezone });
      for (const [index, endpoint] of policy.endpoints.entries()) {
        const word = judge(new Map([...flat, ...flatEndpoint(program, endpoint, now)]));
        judged += 1;
        if (word) permitted += 1;
        if (word !== hasBit(authorized, index)) wrong.push({ facts, endpoint: endpoint.id, word });
      }
    }
  }
  return { judged, permitted, wrong };
}

describe('second opinions', () => {
  it('Cedar authorizes exactly the same endpoints on complete facts', () => {
    let number = 0;
    const found = disagreements(seeded(11), 30, 8, (program) => {
      number += 1;
      const preparsed = cedar.preparsePolicySet(`judge-${number}`, { staticPolicies: exportCedar(program) as never });
      if (preparsed.type !== 'success') throw new Error(JSON.stringify(preparsed));
      return (facts) => {
        const uid = { type: 'Any', id: 'one' };
        const context = Object.fromEntries(
          [...facts].map(([path, fact]) => [path, typeof fact === 'object' ? [...fact] : fact]),
        );
        const answer = cedar.statefulIsAuthorized({
          principal: uid,
          action: { type: 'Action', id: 'call' },
          resource: uid,
          context,
          preparsedPolicySetId: `judge-${number}`,
          entities: [],
        });
        if (answer.type !== 'success' || answer.response.diagnostics.errors.length > 0)
          throw new Error(JSON.stringify(answer));
        return answer.response.decision === 'allow';
      };
    });
    expect(found.wrong).toEqual([]);
    expect(found.permitted).toBeGreaterThan(100);
  });

  it('CEL authorizes exactly the same endpoints on complete facts', () => {
    const found = disagreements(seeded(12), 60, 10, (program) => {
      const run = plan(celEnv(), parse(exportCel(program)));
      return (facts) => {
        const bound = new Map([...facts].map(([path, fact]) => [path, typeof fact === 'number' ? BigInt(fact) : fact]));
        const answer: unknown = run({ f: bound });
        if (typeof answer !== 'boolean') throw new Error(`CEL answered ${String(answer)}`);
        return answer;
      };
    });
    expect(found.wrong).toEqual([]);
    expect(found.permitted).toBeGreaterThan(300);
  });
});
