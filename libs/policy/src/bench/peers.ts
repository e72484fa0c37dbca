import { celEnv, parse, plan } from '@bufbuild/cel';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { PolicyDocument } from '../document.js';
import type { Facts } from '../facts.js';
import { exportCedar } from '../judges/export-cedar.js';
import { exportCel } from '../judges/export-cel.js';
import { type FlatValue, flatEndpoint, flatFacts } from '../judges/flat-facts.js';
import type { LinkedPolicy } from '../link.js';

/** The same decision by another engine: one answer for each endpoint, since neither has sets of endpoints. */
export type Peer = (facts: Facts) => number;

type Judge = (facts: Map<string, FlatValue>) => boolean;

export function cedarPeer(document: PolicyDocument, policy: LinkedPolicy): Peer {
  const preparsed = cedar.preparsePolicySet('bench', { staticPolicies: exportCedar(document.program) as never });
  if (preparsed.type !== 'success') throw new Error(JSON.stringify(preparsed));
  const uid = { type: 'Any', id: 'one' };
  const action = { type: 'Action', id: 'call' };
  return peer(document, policy, (facts) => {
    const context = Object.fromEntries(
      [...facts].map(([path, fact]) => [path, typeof fact === 'object' ? [...fact] : fact]),
    );
    const call = { principal: uid, action, resource: uid, context, preparsedPolicySetId: 'bench', entities: [] };
    const answer = cedar.statefulIsAuthorized(call);
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer));
    return answer.response.decision === 'allow';
  });
}

export function celPeer(document: PolicyDocument, policy: LinkedPolicy): Peer {
  const run = plan(celEnv(), parse(exportCel(document.program)));
  return peer(document, policy, (facts) => {
    const bound = new Map([...facts].map(([path, fact]) => [path, typeof fact === 'number' ? BigInt(fact) : fact]));
    return (run({ f: bound }) as unknown) === true;
  });
}

function peer({ program }: PolicyDocument, policy: LinkedPolicy, judge: Judge): Peer {
  const endpoints = policy.endpoints.map((endpoint) => flatEndpoint(program, endpoint, policy.linkedAtMs));
  return (facts) => {
    const flat = flatFacts(program, { facts, subject: facts.subject, timezone: program.timezone });
    let authorized = 0;
    for (const endpoint of endpoints) if (judge(new Map([...flat, ...endpoint]))) authorized += 1;
    return authorized;
  };
}
