import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocks } from './snippets/blocks.js';
import { coreSurroundings } from './snippets/core.js';
import { closeDatabase, onHold, outsideSurroundings } from './snippets/outside.js';
import { run, runAlone } from './snippets/run-typescript.js';

const surroundings = { ...coreSurroundings, ...outsideSurroundings };
const snippets = blocks.filter(({ language }) => language === 'ts');
const alone = blocks.filter(({ language }) => language === 'js');
const home = process.cwd();

afterAll(async () => {
  await closeDatabase();
});

describe('a snippet', () => {
  it.each(snippets.map((block) => [`${block.file}:${block.line}`, block] as const))(
    '%s runs, and what its comments promise holds',
    async (_, block) => {
      const folder = mkdtempSync(join(tmpdir(), 'writ-snippet-'));
      process.chdir(folder);
      try {
        const around = await surroundings[block.file]?.();
        if (around === undefined) throw new Error(`say in test/coverage/snippets what ${block.file} needs around it`);
        try {
          const values = await run(block, around.given ?? {});
          await around.check?.(values);
        } finally {
          await around.close?.();
        }
      } finally {
        process.chdir(home);
        rmSync(folder, { recursive: true, force: true });
      }
    },
    60_000,
  );

  it.each(alone.map((block) => [`${block.file}:${block.line}`, block] as const))(
    '%s does what it says in a process of its own',
    (_, block) => {
      expect(() => runAlone(block)).not.toThrow();
    },
  );

  it('of SQL runs as the administrator, on a tenant whose log is on hold', async () => {
    const sql = blocks.filter(({ language }) => language === 'sql');
    for (const { text } of sql) expect(await onHold(text)).toHaveLength(1);
  });

  it('has surroundings only where there is a snippet', () => {
    const files = new Set(snippets.map(({ file }) => file));
    expect(Object.keys(surroundings).filter((file) => !files.has(file))).toEqual([]);
  });
});
