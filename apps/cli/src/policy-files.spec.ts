import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Output, diffFiles, lintFiles, simulateFiles, testFiles } from './policy-files.js';

const hospital = fileURLToPath(new URL('../../../deploy/policies/regional-hospital.yaml', import.meta.url));

const silent: Output = { print: () => undefined };

/** What a command prints with `--json`, and its exit code. */
async function asJson(run: (output: Output) => number | Promise<number>): Promise<readonly [number, unknown]> {
  const lines: string[] = [];
  const code = await run({ json: true, print: (line) => lines.push(line) });
  return [code, JSON.parse(lines.join('\n'))];
}

describe('writ policy', () => {
  let folder: string;
  let weaker: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'writ-policy-'));
    weaker = join(folder, 'weaker.yaml');
    writeFileSync(weaker, readFileSync(hospital, 'utf8').replace('class("PHI") >= 0.6', 'class("PHI") >= 0.95'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('lints with file, line and column', () => {
    const lines: string[] = [];
    const broken = join(folder, 'broken.yaml');
    writeFileSync(broken, 'apiVersion: policy/v1\nname: x\nrules:\n  - { id: a, effect: permti }\n');
    expect(lintFiles([broken], { print: (line) => lines.push(line) })).toBe(1);
    expect(lines).toEqual([`${broken}:4:22 error E_ENUM unknown effect 'permti' (did you mean 'permit'?)`]);
    expect(lintFiles([hospital], silent)).toBe(0);
  });

  it('runs tests, mutants and proofs, and fails when one fails', async () => {
    const lines: string[] = [];
    expect(await testFiles([hospital], { prove: true }, { print: (line) => lines.push(line) })).toBe(0);
    expect(lines.map((line) => line.slice(hospital.length + 2))).toEqual([
      '16 of 16 tests pass',
      '24 of 24 broken rules are noticed',
      'proved: PHI never leaves BAA cover',
    ]);
    expect(await testFiles([weaker], { prove: true }, silent)).toBe(1);
  });

  it('lists loosenings, and shows a request that only the new version authorizes', async () => {
    const lines: string[] = [];
    expect(await diffFiles(hospital, weaker, { prove: true }, { print: (line) => lines.push(line) })).toBe(1);
    expect(lines[1]).toBe("loosens   the condition changes of restrict 'phi-only-baa'");
    expect(lines[2]).toBe('nothing new is authorized: broken');
    expect(await diffFiles(hospital, hospital, {}, silent)).toBe(0);
  });

  it('replays recorded facts through two versions', () => {
    const facts = join(folder, 'facts.jsonl');
    const endpoints = join(folder, 'endpoints.json');
    writeFileSync(facts, '');
    writeFileSync(endpoints, '[]');
    const lines: string[] = [];
    expect(
      simulateFiles({ before: hospital, after: weaker, facts, endpoints }, { print: (line) => lines.push(line) }),
    ).toBe(0);
    expect(lines).toEqual(['0 requests, 0 decided otherwise, 0 with unknown facts']);
  });

  it('prints one JSON value with --json, and the same exit code', async () => {
    const broken = join(folder, 'broken.json.yaml');
    writeFileSync(broken, 'apiVersion: policy/v1\nname: x\nrules:\n  - { id: a, effect: permti }\n');
    expect(await asJson((output) => lintFiles([broken], output))).toMatchObject([
      1,
      {
        ok: false,
        files: [{ file: broken, diagnostics: [{ severity: 'error', code: 'E_ENUM', line: 4, column: 22 }] }],
      },
    ]);
    expect(await asJson((output) => testFiles([hospital], {}, output))).toMatchObject([
      0,
      { ok: true, files: [{ file: hospital, mutants: 24, survivors: [] }] },
    ]);
    expect(await asJson((output) => diffFiles(hospital, weaker, {}, output))).toMatchObject([
      1,
      { ok: false, loosenings: [{ id: 'phi-only-baa/when', direction: 'loosens' }] },
    ]);
  });

  it('exits 2, and says which file, when an input cannot be read or compiled', async () => {
    const absent = join(folder, 'absent.yaml');
    const broken = join(folder, 'broken.yaml');
    writeFileSync(broken, 'rules: [');
    const facts = join(folder, 'bad.jsonl');
    const endpoints = join(folder, 'none.json');
    writeFileSync(facts, '{"id":"1"\n');
    writeFileSync(endpoints, '[]');
    expect(await asJson((output) => lintFiles([absent], output))).toMatchObject([2, { ok: false, file: absent }]);
    expect(await asJson((output) => testFiles([broken], {}, output))).toMatchObject([
      2,
      { file: broken, diagnostics: [{ line: 1 }] },
    ]);
    expect(await asJson((output) => diffFiles(hospital, broken, {}, output))).toMatchObject([2, { file: broken }]);
    const replay = { before: hospital, after: weaker, facts, endpoints };
    expect(await asJson((output) => simulateFiles(replay, output))).toMatchObject([
      2,
      { file: facts, unreadable: expect.stringMatching(/bad\.jsonl:1 cannot be read/) },
    ]);
  });

  it('replays a file of facts longer than one piece, line by line, and groups what changes by rule', async () => {
    const facts = join(folder, 'many.jsonl');
    const endpoints = join(folder, 'catalogue.json');
    writeFileSync(facts, Array.from({ length: 3_000 }, (_, at) => record(at, at % 3 === 0 ? 700 : 100)).join('\n'));
    writeFileSync(
      endpoints,
      JSON.stringify([catalogueEndpoint('general', []), catalogueEndpoint('covered', ['HIPAA-BAA'])]),
    );
    const replay = { before: hospital, after: weaker, facts, endpoints };
    expect(await asJson((output) => simulateFiles(replay, output))).toMatchObject([
      0,
      {
        requests: 3_000,
        changed: 1_000,
        counts: { 'endpoints-added': 1_000 },
        groups: [{ kind: 'endpoints-added', rules: 'phi-only-baa -> (same rules)', count: 1_000 }],
      },
    ]);
  });
});

const requestFacts = {
  schema: 1,
  subject: {
    id: 'nora',
    kind: 'human',
    issuer: 'https://idp.example',
    roles: ['nurse'],
    groups: [],
    scopes: [],
    clearance: 3,
    attributes: {},
  },
  tenant: { id: 't' },
  data: { classes: {}, detectors: [], residual: {}, spanless: [], deep: 'none', attachments: [] },
  request: {
    route: '/v1/chat/completions',
    model: 'fast',
    tools: [],
    mcpServers: [],
    stream: false,
    estimatedTokens: 10,
    metadata: {},
  },
  atMs: Date.UTC(2026, 6, 1, 9),
  budget: { class: 'standard', remainingCents: 100 },
  ext: {},
};

const record = (id: number, phi: number): string =>
  JSON.stringify({
    id: String(id),
    facts: { ...requestFacts, data: { ...requestFacts.data, classes: { PHI: phi } } },
  });

function catalogueEndpoint(id: string, certs: readonly string[]): object {
  return {
    id,
    provider: 'openai',
    baseUrl: 'https://models.example',
    region: 'r',
    residency: 'EU',
    assurances: certs.map((name) => ({ name, validFrom: 0, validUntil: Number.MAX_SAFE_INTEGER })),
    zeroRetention: true,
    selfHosted: false,
    costClass: 1,
    maxClassification: 1,
    models: ['m'],
    keys: [],
    settings: {},
  };
}
