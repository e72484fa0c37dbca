/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type. */
// Every regular expression that this library runs in V8, judged by recheck. Exponential ones fail, and so do cubic ones
// that search; a sticky one is tried at one place with bounded counts, and those of
// `injection/` see pieces of two thousand characters; the hostile inputs of the benchmark time both.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check } from 'recheck';
import ts from 'typescript';

const root = fileURLToPath(new URL('../src', import.meta.url));
const seconds = Number(process.env.SECONDS_EACH ?? 3);
/** Files to judge, as the start of their path under `src`; all of them without one. */
const only = process.argv[2] ?? '';

function literals(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return literals(path);
    if (!entry.name.endsWith('.ts') || entry.name.endsWith('.spec.ts')) return [];
    const found = [];
    const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2024, true);
    const walk = (node) => {
      if (ts.isRegularExpressionLiteral(node)) {
        const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
        found.push({ where: `${path.slice(root.length + 1)}:${line}`, text: node.text });
      }
      node.forEachChild(walk);
    };
    walk(source);
    return found;
  });
}

const tally = { safe: 0, unknown: 0, bounded: 0, bad: 0 };
for (const { where, text } of literals(root).filter((each) => each.where.startsWith(only))) {
  const end = text.lastIndexOf('/');
  const flags = text.slice(end + 1).replaceAll(/[vdgy]/g, '');
  const result = await check(text.slice(1, end), flags, { timeout: seconds * 1000 });
  const degree = result.complexity?.type === 'polynomial' ? result.complexity.degree : undefined;
  if (result.status === 'safe') tally.safe += 1;
  else if (result.status === 'unknown') tally.unknown += 1;
  else if (
    degree === 2 ||
    (degree !== undefined && degree <= 4 && (text.slice(end).includes('y') || where.startsWith('injection/')))
  )
    tally.bounded += 1;
  else {
    tally.bad += 1;
    console.log(`${where}: ${result.complexity?.type} ${degree ?? ''} ${text.slice(0, 120)}`);
  }
}
console.log(tally);
process.exitCode = tally.bad > 0 ? 1 : 0;
