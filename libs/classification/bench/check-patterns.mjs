/* eslint-disable typescript/no-unsafe-argument, typescript/no-unsafe-assignment, typescript/no-unsafe-call,
   typescript/no-unsafe-member-access, typescript/no-unsafe-return --
   a script outside the compiled tree, where nothing has a type. */
// Every regular expression that this library runs in V8, written out or built, judged by recheck. Exponential ones fail, and so do cubic ones
// that search; a sticky one is tried at one place with bounded counts, and those of
// `injection/` see pieces of two thousand characters; the hostile inputs of the benchmark time both.
// Verdicts are kept in `verdicts.json` by the expression's own text and the seconds it was given, so that an expression is
// judged once, and again only when it changes. `node check-patterns.mjs [start of a path]`.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check } from 'recheck';
import ts from 'typescript';
import { builtExpressions } from './built-patterns.mjs';

const root = fileURLToPath(new URL('../src', import.meta.url));
const seconds = Number(process.env.SECONDS_EACH ?? 3);
/** Files to judge, as the start of their path under `src`; all of them without one. */
const only = process.argv[2] ?? '';

/** Where the sources build expressions, by file. */
const sites = new Map();

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
      if (ts.isNewExpression(node) && node.expression.getText() === 'RegExp') {
        const name = path.slice(root.length + 1);
        sites.set(name, (sites.get(name) ?? 0) + 1);
      }
      node.forEachChild(walk);
    };
    walk(source);
    return found;
  });
}

const file = fileURLToPath(new URL('verdicts.json', import.meta.url));
const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
const written = literals(root);
const built = await builtExpressions();
const found = [
  ...written,
  ...built.map(({ file: name, source, flags }) => ({ where: `${name} builds`, text: `/${source}/${flags}` })),
];
const used = new Set();
let judged = 0;

/** The verdict of one expression: kept, or asked for and kept. */
async function verdictOf(source, flags) {
  const name = createHash('sha256').update(`${flags} ${source}`).digest('hex').slice(0, 24);
  used.add(name);
  if (kept[name] && kept[name].seconds >= seconds) return kept[name];
  const first = await check(source, flags, { timeout: seconds * 1000 });
  // The fuzzer guesses a degree from samples, and on a busy machine too high; what looks exponential is judged again.
  const isGuess = first.checker === 'fuzz' && first.complexity?.type === 'exponential';
  const { status, complexity } = isGuess
    ? await check(source, flags, { timeout: seconds * 5000, randomSeed: 7 })
    : first;
  judged += 1;
  kept[name] = { status, type: complexity?.type ?? '', degree: complexity?.degree ?? 0, seconds };
  if (judged % 20 === 0) keep();
  return kept[name];
}

function fields({ status, type, degree, seconds: given }) {
  return `{ "status": "${status}", "type": "${type}", "degree": ${degree}, "seconds": ${given} }`;
}

function keep() {
  const rows = Object.entries(kept).toSorted(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(file, `{\n${rows.map(([name, row]) => `  "${name}": ${fields(row)}`).join(',\n')}\n}\n`);
}

const tally = { safe: 0, unknown: 0, bounded: 0, bad: 0 };
for (const { where, text } of found.filter((each) => each.where.startsWith(only))) {
  const end = text.lastIndexOf('/');
  const flags = text.slice(end + 1).replaceAll(/[vdgy]/g, '');
  const { status, type, degree } = await verdictOf(text.slice(1, end), flags);
  const mayGrow = text.slice(end).includes('y') || where.startsWith('injection/');
  if (status === 'safe') tally.safe += 1;
  else if (status === 'unknown') tally.unknown += 1;
  else if (type === 'polynomial' && (degree === 2 || (degree <= 4 && mayGrow))) tally.bounded += 1;
  else {
    tally.bad += 1;
    console.log(`${where}: ${type} ${degree} ${text.slice(0, 120)}`);
  }
}
// What no expression has any more is forgotten, when all of them were looked at.
if (only === '') for (const name of Object.keys(kept)) if (!used.has(name)) delete kept[name];
keep();
// A place that was not reached built nothing that could be judged: whoever adds one reaches it in `built-patterns.mjs`.
let unreached = 0;
for (const [name, count] of sites) {
  const reached = new Set(built.filter((each) => each.file === name).map((each) => each.place)).size;
  if (reached >= count) continue;
  unreached += 1;
  console.log(`${name}: ${count} places build expressions, and ${reached} of them were reached`);
}
console.log({ ...tally, written: written.length, built: built.length, judged });
process.exitCode = tally.bad > 0 || unreached > 0 ? 1 : 0;
