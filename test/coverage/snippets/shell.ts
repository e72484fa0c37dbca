import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Block } from './blocks.js';
import { read, repository } from './blocks.js';

const vectors = join(repository, 'libs/ledger/vectors');
const writ = join(repository, 'apps/cli/dist/main.js');
const { root } = JSON.parse(readFileSync(join(vectors, 'keys.json'), 'utf8')) as { readonly root: string };
const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };

/** The commands of a block: comments dropped, continued lines joined. */
export function commandsOf({ text }: Block): readonly string[] {
  return text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s+)#.*$/, '').trim())
    .filter((line) => line !== '');
}

export const scriptNames: readonly string[] = Object.keys(scripts);

/** The script of package.json that an `npm` command runs. */
export function scriptOf(command: string): string | undefined {
  const [, name] = /^npm (?:run )?([\w:.-]+)/.exec(command) ?? [];
  return name;
}

/** Lays out what the commands of the documents work on: an export, its log's key and checkpoint, a policy, the verifier. */
export function layOut(folder: string): void {
  copyFileSync(join(vectors, 'bundles/honest.tar'), join(folder, 'bundle.tar'));
  copyFileSync(join(repository, 'deploy/policies/regional-hospital.yaml'), join(folder, 'my-policy.yaml'));
  const tool = join(repository, 'tools/single-file.mjs');
  const entry = join(repository, 'apps/cli/dist/verify-main.js');
  execFileSync(process.execPath, [tool, entry, join(folder, 'writ-verify.mjs')]);
  execFileSync('tar', ['-xf', 'bundle.tar'], { cwd: folder });
  layOutSignature(folder);
}

/** By hand, as `docs/VERIFY.md` describes it: text, signature and key of the checkpoint, each in a file. */
function layOutSignature(folder: string): void {
  const lines = readFileSync(join(folder, 'log/checkpoint'), 'utf8').split('\n');
  const signature = lines.find((line) => line.startsWith('— '))?.split(' ')[2] ?? '';
  writeFileSync(join(folder, 'text'), `${lines.slice(0, 3).join('\n')}\n`);
  writeFileSync(join(folder, 'signature'), Buffer.from(signature, 'base64').subarray(4));
  const { log } = JSON.parse(readFileSync(join(vectors, 'keys.json'), 'utf8')) as { readonly log: string };
  const spki = Buffer.from(`302a300506032b6570032100${log}`, 'hex').toString('base64');
  writeFileSync(join(folder, 'log-key.pem'), `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`);
}

/** What came of a command; `skipped` says which program is not installed. */
export interface Ran {
  readonly exit: number | null;
  readonly said: string;
  readonly skipped?: string;
}

/** Runs one command of a document in the folder, with the placeholders filled in. */
export function runCommand(command: string, folder: string): Ran {
  const line = command
    .replaceAll(/<(?:key|hex)>/g, root)
    .replaceAll('test/verifier/', `${join(repository, 'test/verifier')}/`);
  const program = /(?:^|\| )(python3|openssl)\b/.exec(line)?.[1];
  if (program !== undefined && spawnSync(program, ['--help']).error) return { exit: 0, said: '', skipped: program };
  const called = `node() { "${process.execPath}" "$@"; }; writ() { "${process.execPath}" "${writ}" "$@"; }; ${line}`;
  const done = spawnSync('sh', ['-euc', called], { cwd: folder, encoding: 'utf8', timeout: 30_000 });
  return { exit: done.status, said: done.stdout + done.stderr };
}

/** The help of the `writ` command that a line calls, and the options that the line uses. */
export function helpFor(command: string): { readonly ran: Ran; readonly usage: string; readonly options: string[] } {
  const [, called = ''] = /(?:^|\| )writ (.*)$/.exec(command) ?? [];
  const words = called.split(/\s+/);
  const groups = new Set(['policy', 'tenant', 'idp']);
  const path = words.slice(0, groups.has(words[0] ?? '') ? 2 : 1);
  const done = spawnSync(process.execPath, [writ, ...path, '--help'], { encoding: 'utf8' });
  const options = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0] ?? '');
  return { ran: { exit: done.status, said: done.stdout + done.stderr }, usage: `writ ${path.join(' ')}`, options };
}
