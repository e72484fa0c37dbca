import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { diffFiles, lintFiles, simulateFiles, testFiles } from './policy-files.js';

const hospital = fileURLToPath(new URL('../../../deploy/policies/regional-hospital.yaml', import.meta.url));

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
    expect(lintFiles([broken], (line) => lines.push(line))).toBe(1);
    expect(lines).toEqual([`${broken}:4:22 error E_ENUM unknown effect 'permti' (did you mean 'permit'?)`]);
    expect(lintFiles([hospital], () => undefined)).toBe(0);
  });

  it('runs tests, mutants and proofs, and fails when one fails', async () => {
    const lines: string[] = [];
    expect(await testFiles([hospital], { prove: true }, (line) => lines.push(line))).toBe(0);
    expect(lines.map((line) => line.slice(hospital.length + 2))).toEqual([
      '16 of 16 tests pass',
      '24 of 24 broken rules are noticed',
      'proved: PHI never leaves BAA cover',
    ]);
    expect(await testFiles([weaker], { prove: true }, () => undefined)).toBe(1);
  });

  it('lists loosenings, and shows a request that only the new version authorizes', async () => {
    const lines: string[] = [];
    expect(await diffFiles(hospital, weaker, { prove: true }, (line) => lines.push(line))).toBe(1);
    expect(lines[1]).toBe("loosens   the condition changes of restrict 'phi-only-baa'");
    expect(lines[2]).toBe('nothing new is authorized: broken');
    expect(await diffFiles(hospital, hospital, {}, () => undefined)).toBe(0);
  });

  it('replays recorded facts through two versions', () => {
    const facts = join(folder, 'facts.jsonl');
    const endpoints = join(folder, 'endpoints.json');
    writeFileSync(facts, '');
    writeFileSync(endpoints, '[]');
    const lines: string[] = [];
    expect(simulateFiles({ before: hospital, after: weaker, facts, endpoints }, (line) => lines.push(line))).toBe(0);
    expect(lines).toEqual(['0 requests, 0 decided otherwise, 0 with unknown facts']);
  });
});
