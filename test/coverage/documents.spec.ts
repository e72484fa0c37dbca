import { describe, expect, it } from '@jest/globals';
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { blocks, documents, proseOf, read, repository } from './snippets/blocks.js';

/** `ts`, `js` and `sql` are run by snippets.spec.ts, `sh` by commands.spec.ts. */
const run = new Set(['ts', 'js', 'sql', 'sh']);
const pictures = new Set(['', 'mermaid', 'text']);
const projects = globSync(['apps/*/package.json', 'libs/*/package.json'], { cwd: repository }).map(dirname).toSorted();

describe('a document', () => {
  it('has no block in a language that no test runs', () => {
    const untested = blocks.filter(({ language }) => !run.has(language) && !pictures.has(language));
    expect(untested.map(({ file, line, language }) => `${file}:${line} ${language}`)).toEqual([]);
  });

  it('hides no code in an indented block, where nothing runs it', () => {
    const indented = documents.flatMap((file) =>
      [...proseOf(file).matchAll(/^(?![ \t]*(?:[-*]|\d+\.) )\S.*\n\n {4,}(\S.*)$/gm)].map(
        ([, code]) => `${file}: ${code}`,
      ),
    );
    expect(indented).toEqual([]);
  });

  it('links only to files that exist', () => {
    const links = documents.flatMap((file) =>
      [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target = '']) => target.replace(/#.*$/, ''))
        .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
        .map((target) => ({ file, target })),
    );
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter(({ file, target }) => !existsSync(join(repository, dirname(file), target)))).toEqual([]);
  });

  it('names only paths of the repository that exist', () => {
    const paths = documents.flatMap((file) =>
      [...proseOf(file).matchAll(/`(?:node )?((?:apps|libs|deploy|docs|test|tools)\/[\w./-]+)(?=[` ])/g)].map(
        ([, path = '']) => ({ file, path }),
      ),
    );
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter(({ path }) => !existsInRepository(path))).toEqual([]);
  });
});

describe('the READMEs', () => {
  it.each(projects)(
    '%s has one of at most forty lines, with a question it answers and what it never does',
    (project) => {
      const readme = read(`${project}/README.md`);
      expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
      expect(readme).toContain('?');
      expect(readme).toMatch(/\bnever\b/i);
      expect(blocks.some(({ file, language }) => file === `${project}/README.md` && run.has(language))).toBe(true);
    },
  );
});

describe('the glossary', () => {
  it('has each word once', () => {
    const words = read('docs/GLOSSARY.md')
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (?:Word|-+) /.test(line))
      .map((line) => line.split('|')[1]?.trim() ?? '');
    expect(words.length).toBeGreaterThan(20);
    expect(words.filter((word, at) => words.indexOf(word) !== at)).toEqual([]);
  });
});

/** What is built stands for its source. */
function existsInRepository(path: string): boolean {
  const source = path.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
  const isBuilt = path.includes('/dist/') && (path.endsWith('.mjs') || existsSync(join(repository, source)));
  return isBuilt || existsSync(join(repository, path));
}
