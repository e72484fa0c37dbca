import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const repository = join(import.meta.dirname, '../../../..');

/** One fenced block of a document. */
export interface Block {
  readonly file: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** Every document that is kept in the repository, or is about to be. */
export const documents: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '*.md'],
  { cwd: repository, encoding: 'utf8' },
)
  .trim()
  .split('\n')
  .toSorted();

export function read(file: string): string {
  return readFileSync(join(repository, file), 'utf8');
}

export const blocks: readonly Block[] = documents.flatMap(blocksOf);

function blocksOf(file: string): readonly Block[] {
  const found: Block[] = [];
  let open: { readonly fence: string; readonly language: string; readonly line: number } | undefined;
  let lines: string[] = [];
  for (const [at, line] of read(file).split('\n').entries()) {
    const [, fence = '', info = ''] = /^\s*(`{3,}|~{3,})\s*(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (fence === '') continue;
      open = { fence, language: info.trim().split(/\s+/)[0] ?? '', line: at + 1 };
      lines = [];
    } else if (fence.startsWith(open.fence) && info === '') {
      found.push({ file, line: open.line, language: open.language, text: lines.join('\n') });
      open = undefined;
    } else lines.push(line);
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: the block is never closed`);
  return found;
}

/** The prose of a document: everything outside its blocks. */
export function proseOf(file: string): string {
  return read(file).replaceAll(/^\s*(`{3,}|~{3,})[\s\S]*?^\s*\1\s*$/gm, '');
}

export function inFile(file: string, ...languages: readonly string[]): readonly Block[] {
  return blocks.filter((block) => block.file === file && languages.includes(block.language));
}
