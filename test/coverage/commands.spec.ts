import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocks, documents, inFile, read } from './snippets/blocks.js';
import { commandsOf, helpFor, layOut, runCommand, scriptNames, scriptOf } from './snippets/shell.js';

const folder = mkdtempSync(join(tmpdir(), 'writ-commands-'));
const commands = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap((block) => commandsOf(block).map((command) => [`${block.file}:${block.line}`, command] as const));
const isNpm = (command: string): boolean => command.startsWith('npm ');
const callsWrit = (command: string): boolean => /(?:^|\| )writ /.test(command);
/** The tenant API is a server; what is only said to it is checked against the command's own help. */
const needsServer = (command: string): boolean => callsWrit(command) && /\s--api\s/.test(command);
const runnable = commands.filter(([, command]) => !isNpm(command) && !needsServer(command));

beforeAll(() => {
  layOut(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a command in a document', () => {
  it.each(runnable)('%s runs: %s', (_, command) => {
    const ran = runCommand(command, folder);
    if (ran.skipped !== undefined) console.warn(`not run, ${ran.skipped} is not installed: ${command}`);
    expect(`${ran.exit} ${ran.exit === 0 ? '' : ran.said}`).toBe('0 ');
  });

  it.each(commands.filter(([, command]) => callsWrit(command)))('%s uses options that exist: %s', (_, command) => {
    const { ran, usage, options } = helpFor(command);
    expect(ran.exit).toBe(0);
    expect(ran.said).toContain(`Usage: ${usage}`);
    expect(options.filter((option) => !new RegExp(`^ +(?:-\\w, )?${option}\\b`, 'm').test(ran.said))).toEqual([]);
  });

  it.each(commands.filter(([, command]) => isNpm(command)))('%s names a script: %s', (_, command) => {
    expect(scriptNames).toContain(scriptOf(command));
  });

  it('begins with a program that this test knows how to run', () => {
    const known = /^(?:npm|writ|node|python3|openssl|echo) /;
    expect(commands.filter(([, command]) => !known.test(command))).toEqual([]);
  });

  it('fails here when it fails there', () => {
    expect(runCommand('writ verify no-such-file.tar --root <key>', folder).exit).toBe(2);
    expect(runCommand('no-such-program', folder).exit).toBe(127);
  });
});

describe('npm scripts', () => {
  it('are the two commands of the README, and CI runs them', () => {
    const two = inFile('README.md', 'sh').flatMap(commandsOf);
    expect(two).toEqual(['npm run demo', 'npm test']);
    const ci = read('.ci/run').split('\n');
    expect(ci).toContain('npm test');
    expect(ci).toContain('npm run demo -- --once');
  });

  it('exist wherever a document names one', () => {
    const named = documents.flatMap((file) =>
      [...read(file).matchAll(/`npm run ([\w:.-]+)/g)].map(([, script = '']) => `${file}: ${script}`),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((one) => !scriptNames.includes(one.split(': ')[1] ?? ''))).toEqual([]);
  });
});
