import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { limits, refusals, type RefusalRule } from '@writ/domain';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const sources = (pattern: string): readonly string[] =>
  globSync(pattern, { cwd: root, exclude: ['**/node_modules/**', '**/dist/**'] });

/** Product files that call this maker of a tenant's proof. */
const callers = (maker: string): readonly string[] =>
  sources('{apps,libs}/*/src/**/*.ts').filter(
    (path) =>
      !/\.(spec|fixtures?)\.ts$/.test(path) && !path.startsWith('libs/domain/') && read(path).includes(`${maker}(`),
  );

interface ProjectManifest {
  readonly name: string;
  readonly nx?: { readonly tags?: readonly string[] };
}

describe('the house', () => {
  it('gives every project exactly one layer', () => {
    const manifests = sources('{apps,libs}/*/package.json').concat('test/package.json', 'deploy/local/package.json');
    const layers = manifests.map((path) => {
      const manifest = JSON.parse(read(path)) as ProjectManifest;
      return [manifest.name, (manifest.nx?.tags ?? []).filter((tag) => tag.startsWith('layer:')).length];
    });
    expect(layers.length).toBeGreaterThan(15);
    expect(layers.filter(([, count]) => count !== 1)).toEqual([]);
  });

  it('fails the lint where a core lib imports an adapter', () => {
    const planted = join(root, 'libs/policy/src/planted-violation.ts');
    mkdirSync(dirname(planted), { recursive: true });
    writeFileSync(planted, "export { planePool } from '@writ/postgres';\n");
    try {
      const lint = spawnSync('nx', ['lint', '@writ/policy', '--skip-nx-cache', '--outputStyle=static'], {
        cwd: root,
        encoding: 'utf8',
      });
      expect(lint.status).not.toBe(0);
      expect(`${lint.stdout}${lint.stderr}`).toContain('enforce-module-boundaries');
    } finally {
      rmSync(planted);
    }
  });

  it('reads the environment of the process in one file of the product', () => {
    const readers = sources('{apps,libs}/*/src/**/*.ts').filter(
      (path) => !path.endsWith('.spec.ts') && /\bprocess\.env\b/.test(read(path)),
    );
    expect(readers).toEqual(['libs/platform/src/settings.ts']);
  });

  it('lets only the credential verifier and job loaders prove a tenant', () => {
    const issuedHere = ['authenticate.ts', 'break-glass.ts', 'scim/routes.ts', 'sign-up.ts'].map(
      (file) => `apps/tenant-api/src/${file}`,
    );
    const verifiers = callers('tenantOfVerifiedCredential').filter((path) => !path.startsWith('libs/identity/src/'));
    expect(verifiers.filter((path) => !issuedHere.includes(path))).toEqual([]);
    const jobs = callers('tenantOfJob').filter(
      (path) => !path.startsWith('apps/worker/src/') && !path.startsWith('libs/postgres/src/'),
    );
    expect(jobs).toEqual([]);
  });

  it('has no drawer without a name', () => {
    const drawers = sources('{apps,libs}/**/*').filter((path) =>
      /(^|\/)(utils?|common|helpers?|shared|managers?)(\.ts|\/)/.test(path),
    );
    expect(drawers).toEqual([]);
  });
});

describe('every refusal', () => {
  const codes = Object.keys(refusals);
  const table: Readonly<Record<string, RefusalRule>> = refusals;

  it('has a section in docs/errors.md with its status and its words, and nothing else has one', () => {
    const sections = new Map(
      read('docs/errors.md')
        .split(/^## /m)
        .slice(1)
        .map((section) => [section.split('\n', 1)[0], section.replaceAll(/\s+/g, ' ')]),
    );
    expect([...sections.keys()]).toEqual(codes);
    for (const code of codes) {
      expect(sections.get(code)).toContain(`Status: ${table[code]?.status} `);
      expect(sections.get(code)).toContain(table[code]?.message ?? 'no message');
    }
  });

  it('tells who can mend it, in one sentence', () => {
    for (const code of codes) expect(table[code]?.message).toMatch(/^[A-Z][^\n]*\.$/);
  });

  it('has a test that expects it', () => {
    const specs = sources('{apps,libs,test}/**/*.spec.ts')
      .filter((path) => !path.endsWith('house-rules.spec.ts'))
      .map(read)
      .join('\n');
    expect(codes.filter((code) => !specs.includes(`'${code}'`))).toEqual([]);
  });
});

describe('the limits', () => {
  it('are all positive', () => {
    expect(
      Object.values(limits)
        .flat()
        .every((limit) => limit >= 0),
    ).toBe(true);
  });
});
