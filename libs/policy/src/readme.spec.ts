import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { factsOf, sampleEndpoints as endpoints } from './given.js';
import { compile, decide, formatDiagnostic, link } from './index.js';

it('runs the example of the README', () => {
  const source = 'apiVersion: policy/v1\nname: readme\nrules:\n  - { id: all, effect: permit }\n';
  const facts = factsOf({}, 'UTC');
  // example
  const image = compile(source, 1);
  if (!image.ok) throw new Error(image.error.map((found) => formatDiagnostic('policy.yaml', found)).join('\n'));
  const policy = link(image.value, endpoints, facts.atMs); // again once `policy.validUntilMs` has come
  const decision = decide(policy, facts);
  const allowed = decision.effect === 'permit' ? decision.authorizedEndpoints : decision.code;
  // end
  expect(allowed).toEqual(['azure-eu-baa', 'mistral-eu', 'openai-us', 'vllm-onprem']);
  const here = readFileSync(new URL('../src/readme.spec.ts', import.meta.url), 'utf8');
  const [, example = ''] = here.split(/^ {2}\/\/ (?:example|end)\n/m);
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(example.replaceAll(/^ {2}/gm, ''));
});
