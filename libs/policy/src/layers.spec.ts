import { describe, expect, it } from '@jest/globals';
import type { Permit } from '@writ/domain';
import { decide } from './decide.js';
import { factsOf, sample, sampleEndpoints } from './given.js';
import { compile } from './image.js';
import { header } from './layout.js';
import { link } from './link.js';

function imageFrom(...rules: readonly string[]) {
  const lines = [
    'apiVersion: policy/v1',
    'name: layered',
    'classes: [PHI, PII]',
    'rules:',
    ...rules.map((rule) => `  - ${rule}`),
  ];
  const image = compile(lines.join('\n'), 1);
  if (!image.ok) throw new Error(JSON.stringify(image.error));
  return image.value;
}

const everything = '{ id: all, effect: permit }';
const facts = (given: Parameters<typeof factsOf>[0] = {}) => factsOf(given, 'UTC');
const endpointsOf = (decision: ReturnType<typeof decide>) => (decision as Permit).authorizedEndpoints;

describe("the platform's layer", () => {
  const platform = imageFrom(
    everything,
    `{ id: eu, effect: restrict, endpoints: 'endpoint.residency == "EU"', tags: [availability], reason: EU only. }`,
  );

  it('is intersected with whatever a tenant permits, and a tenant cannot lift it', () => {
    const tenant = imageFrom(
      everything,
      '{ id: mine, effect: deny, when: false, tags: [availability] }',
      '{ id: lift, effect: override, overrides: [availability] }',
    );
    const decision = decide(link(tenant, sampleEndpoints, 0, platform), facts());
    expect(endpointsOf(decision)).toEqual(['azure-eu-baa', 'mistral-eu', 'vllm-onprem']);
    expect(decision.matched).toEqual(['platform/all', 'platform/eu', 'all', 'lift']);
    expect(decision.policy.engine).toContain(platform.hash);
  });

  it('grants nothing that the tenant does not', () => {
    const tenant = imageFrom('{ id: none, effect: deny }');
    expect(decide(link(tenant, sampleEndpoints, 0, platform), facts())).toMatchObject({ code: 'no-permit' });
  });
});

describe('an agent that acts for a person', () => {
  const image = imageFrom(
    `{ id: agents, effect: permit, when: 'subject.kind == "agent"', endpoints: 'endpoint.residency == "EU"' }`,
    `{ id: nurses, effect: permit, when: '"nurse" in subject.roles && subject.kind == "human"', endpoints: 'endpoint.cost_class >= 1' }`,
  );
  const linked = link(image, sampleEndpoints, 0);

  it('reaches only what both may reach', () => {
    const decision = decide(
      linked,
      facts({ kind: 'agent', roles: [], on_behalf_of: { kind: 'human', roles: ['nurse'] } }),
    );
    expect(endpointsOf(decision)).toEqual(['azure-eu-baa', 'mistral-eu']);
    expect(decision.matched).toEqual(['agents', 'nurses']);
  });

  it('is denied when the person is, and when the chain is longer than four', () => {
    const forVisitor = facts({ kind: 'agent', on_behalf_of: { kind: 'human', roles: ['visitor'] } });
    expect(decide(linked, forVisitor)).toMatchObject({ effect: 'deny', code: 'no-permit' });
    let chain: Record<string, unknown> = { kind: 'human', roles: ['nurse'] };
    for (let depth = 0; depth < 4; depth += 1) chain = { kind: 'agent', on_behalf_of: chain };
    expect(decide(linked, facts(chain as never))).toMatchObject({ code: 'delegation-too-deep' });
  });
});

describe('a rule that sees what remains', () => {
  const phiInClear = `{ id: phi, effect: restrict, sees: residual, when: 'class("PHI") >= 0.5', endpoints: '"HIPAA-BAA" in endpoint.certs' }`;
  const all = ['azure-eu-baa', 'mistral-eu', 'openai-us', 'vllm-onprem'];

  it('lets redacted text go where the text in clear may not', () => {
    const image = imageFrom(
      everything,
      '{ id: redact, effect: redact, redact: { classes: [PHI], style: token } }',
      phiInClear,
    );
    expect(endpointsOf(decide(link(image, sampleEndpoints, 0), facts({ conf: { PHI: 900 } })))).toEqual(all);
  });

  it('still restricts what no matching rule redacts, whatever classification says would remain', () => {
    const image = imageFrom(
      everything,
      '{ id: redact, effect: redact, redact: { classes: [PII], style: token } }',
      phiInClear,
    );
    const decision = decide(link(image, sampleEndpoints, 0), facts({ conf: { PHI: 900 }, residual: {} }));
    expect(endpointsOf(decision)).toEqual(['azure-eu-baa', 'vllm-onprem']);
  });

  it('restricts when some of the class remains after redaction', () => {
    const image = imageFrom(
      everything,
      '{ id: redact, effect: redact, redact: { classes: [PHI], style: token } }',
      phiInClear,
    );
    const decision = decide(link(image, sampleEndpoints, 0), facts({ conf: { PHI: 900 }, residual: { PHI: 600 } }));
    expect(endpointsOf(decision)).toEqual(['azure-eu-baa', 'vllm-onprem']);
  });
});

describe('a redaction for some endpoints', () => {
  const unlessSelfHosted = `{ id: redact, effect: redact, endpoints: '!endpoint.self_hosted', redact: { classes: [PII], style: token } }`;

  it('applies while any authorized endpoint needs it, since the router may choose that one', () => {
    const image = imageFrom(everything, unlessSelfHosted);
    expect(decide(link(image, sampleEndpoints, 0), facts())).toMatchObject({
      obligations: { redactions: [{ class: 'PII', style: 'token', by: ['redact'] }] },
    });
  });

  it('is spared when every authorized endpoint is exempt', () => {
    const image = imageFrom("{ id: own, effect: permit, endpoints: 'endpoint.self_hosted' }", unlessSelfHosted);
    expect(decide(link(image, sampleEndpoints, 0), facts())).toMatchObject({ obligations: { redactions: [] } });
  });
});

describe('an unfinished classification', () => {
  it('is denied, though no rule of the policy speaks of classes', () => {
    expect(decide(link(imageFrom(everything), sampleEndpoints, 0), facts({ conf: null }))).toMatchObject({
      effect: 'deny',
      code: 'classification-incomplete',
    });
  });

  it('is permitted only by a permit that says so, and never with a redaction to fulfil', () => {
    const open = '{ id: open, effect: permit, accepts: unclassified }';
    expect(decide(link(imageFrom(open), sampleEndpoints, 0), facts({ conf: null })).effect).toBe('permit');
    const redacting = imageFrom(
      open,
      `{ id: r, effect: redact, when: 'class("PII") >= 0.5', redact: { classes: [PII], style: mask } }`,
    );
    expect(decide(link(redacting, sampleEndpoints, 0), facts({ conf: null }))).toMatchObject({
      code: 'classification-incomplete',
    });
  });
});

describe('endpoint conditions', () => {
  it('mix integers of the request with attributes of the endpoint in any combination', () => {
    const rule = `{ id: mixed, effect: permit, endpoints: '(subject.clearance >= endpoint.max_classification && endpoint.residency == "EU") || !(endpoint.cost_class > subject.clearance)' }`;
    const endpoints = [
      sample('secret-eu', { maxClassification: 3, costClass: 9 }),
      sample('open-us', { residency: 'US', costClass: 1 }),
      sample('open-eu', { costClass: 9 }),
    ];
    const at = (clearance: number) => endpointsOf(decide(link(imageFrom(rule), endpoints, 0), facts({ clearance })));
    expect(at(0)).toEqual(['open-eu']);
    expect(at(1)).toEqual(['open-eu', 'open-us']);
    expect(at(3)).toEqual(['open-eu', 'open-us', 'secret-eu']);
  });
});

describe('link', () => {
  it('refuses two endpoints with one id, since the permit of one would reach the other', () => {
    const twice = [sample('one', { certs: ['HIPAA-BAA'] }), sample('one', {})];
    expect(() => link(imageFrom(everything), twice, 0)).toThrow('two endpoints have the same id');
  });
});

describe('decide is total', () => {
  it('denies with policy-invalid when a condition of the image leads out of it', () => {
    const image = imageFrom(
      everything,
      `{ id: a, effect: deny, when: '"x" in subject.roles && subject.clearance >= 2' }`,
    );
    const codeAt = image.words[header.codeAt] ?? 0;
    for (const [place, value] of [
      [codeAt, 0x7fffffff],
      [codeAt + 1, 0x7fffff00],
      [codeAt + 2, 0x00770077],
    ] as const) {
      const words = image.words.slice();
      words[place] = value;
      const decision = decide(link({ ...image, words }, sampleEndpoints, 0), facts({ roles: ['x'], clearance: 3 }));
      expect(decision).toMatchObject({ effect: 'deny', code: 'policy-invalid' });
    }
  });

  it('denies when facts are not what their type says', () => {
    const linked = link(
      imageFrom(everything, `{ id: a, effect: deny, when: '"x" in subject.roles' }`),
      sampleEndpoints,
      0,
    );
    expect(decide(linked, { ...facts(), subject: undefined } as never)).toMatchObject({
      effect: 'deny',
      code: 'policy-invalid',
    });
    expect(decide(linked, { ...facts(), atMs: Number.NaN })).toMatchObject({ effect: 'deny', code: 'link-expired' });
  });
});
